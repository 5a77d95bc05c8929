package synth

import "github.com/osapi-io/osapi-profile/trace"

// permitted lists the errors that the kernel gives only after the permission
// check went through. Under a profile without the grant the caller would see
// another error in their place, so they stand behind a grant as success does.
// Errors found before the check (ENOENT, ENOTDIR, EEXIST, ELOOP, EISDIR,
// EXDEV, EINVAL, EADDRINUSE) and refusals (EACCES, EPERM, EROFS) do not.
//
// EEXIST of mkdir(2), mknod(2), link(2) and open(2) with O_EXCL belongs to the
// former: filename_create() reports the existing name before a read-only mount
// and before the security hooks are asked.
var permitted = map[string]bool{
	trace.OK:                true,
	"":                      true, // not seen to return
	"EINPROGRESS":           true, // a non-blocking connect under way
	"EALREADY":              true,
	"EISCONN":               true,
	"EAGAIN":                true, // a lock held by somebody else, a full queue
	"EINTR":                 true,
	"ERESTARTSYS":           true,
	"ERESTARTNOINTR":        true,
	"ERESTARTNOHAND":        true,
	"ERESTART_RESTARTBLOCK": true,
	"ENXIO":                 true, // a FIFO without a reader, a device without a driver
	"ENODEV":                true,
	"EBUSY":                 true, // a device or a mount point in use
	"ETXTBSY":               true,
	"ENOTEMPTY":             true, // rmdir asks for the right to delete first
	"ENOSPC":                true,
	"EDQUOT":                true,
	"EFBIG":                 true,
	"EIO":                   true,
	"ENOTTY":                true,
	"EOVERFLOW":             true,
	"ENOEXEC":               true, // the file was opened for execution, its format refused
	"ELIBBAD":               true,
	"ECONNREFUSED":          true, // nobody listens on the socket found
	"ECONNRESET":            true,
	"ECONNABORTED":          true,
	"ENOTCONN":              true,
	"EPIPE":                 true,
	"ENOBUFS":               true,
	"ETIMEDOUT":             true,
	"EHOSTUNREACH":          true,
	"EHOSTDOWN":             true,
	"ENETUNREACH":           true,
	"ENETDOWN":              true,
	"EMSGSIZE":              true,
	"EDESTADDRREQ":          true,
	"EADDRNOTAVAIL":         true,
	"EPROTOTYPE":            true,
	"ENOPROTOOPT":           true,
	"ENODATA":               true, // an extended attribute that is not set
	"EOPNOTSUPP":            true,
}

// restsOnPermission says whether the worker was told something that it is told
// only with the permission.
func restsOnPermission(outcome string) bool { return permitted[outcome] }

// RestsOnPermission is restsOnPermission for evaluators of single formats.
func RestsOnPermission(s trace.Seen) bool { return restsOnPermission(s.Outcome) }

// SocketRestsOnPermission is RestsOnPermission for a use of a socket. An address
// that is in use is found after the right to bind it: a filter would answer
// EPERM, which a worker that tries one port after another takes for the end.
func SocketRestsOnPermission(s trace.Socket) bool {
	inet := s.Family == "AF_INET" || s.Family == "AF_INET6"
	return restsOnPermission(s.Outcome) || s.Outcome == "EADDRINUSE" && s.Action == "bind" && inet
}
