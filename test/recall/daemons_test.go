package recall

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/osapi-io/osapi-profile/test/recall/seen"
)

// patience is how long a daemon may take to do what it was asked, and the recorder
// before it to load its programs, on a busy machine or an emulated one.
const patience = 2 * time.Minute

// until waits for a condition.
func until(what string, holds func() bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return nil
		}
	}
	return fmt.Errorf("waited in vain for %s", what)
}

const nginxConf = `
user www-data;
worker_processes 1;
pid run/nginx.pid;
error_log log/error.log;
events { worker_connections 64; }
http {
	access_log log/access.log;
	client_body_temp_path run/body;
	proxy_temp_path run/proxy;
	fastcgi_temp_path run/fastcgi;
	uwsgi_temp_path run/uwsgi;
	scgi_temp_path run/scgi;
	sendfile on;
	server {
		listen 127.0.0.1:%s;
		root html;
	}
}
`

// nginx is a daemon whose worker drops its uid. It serves files, opens its
// logs again after they were moved away, and is asked to stop.
func nginx(port string) workload {
	return workload{
		name: "nginx", needs: []string{"nginx"}, what: "nginx: master and worker as another user, log rotation",
		prepare: func(l layout) {
			l.mkdir("log", "run")
			l.file("html/index.html", strings.Repeat("text\n", 4000), 0o644)
			l.symlink("index.html", "html/link.html")
			l.file("nginx.conf", fmt.Sprintf(nginxConf, port), 0o644)
		},
		command: func(l layout) []string {
			return []string{"/usr/sbin/nginx", "-p", l.dir, "-e", "log/error.log", "-c", "nginx.conf", "-g", "daemon off;"}
		},
		drive: func(l layout) error { return driveNginx(l, "http://127.0.0.1:"+port) },
	}
}

func driveNginx(l layout, url string) error {
	if err := until("nginx", func() bool { return get(url+"/") == http.StatusOK }); err != nil {
		return err
	}
	for path, want := range map[string]int{"/index.html": 200, "/link.html": 200, "/missing": 404} {
		if status := get(url + path); status != want {
			return fmt.Errorf("%s: status %d, not %d", path, status, want)
		}
	}
	if err := os.Rename(l.path("log/access.log"), l.path("log/access.log.1")); err != nil {
		return err
	}
	if err := signal(l, "run/nginx.pid", syscall.SIGUSR1); err != nil {
		return err
	}
	if err := until("the log to be opened again", func() bool {
		get(url + "/")
		info, err := os.Stat(l.path("log/access.log"))
		return err == nil && info.Size() > 0
	}); err != nil {
		return err
	}
	return signal(l, "run/nginx.pid", syscall.SIGQUIT)
}

// get answers the status of a request over a connection of its own, 0 if there
// was none.
func get(url string) int {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

// redis is a daemon with threads, which forks to save and renames what it
// saved.
func redis(port string) workload {
	return workload{
		name: "redis", needs: []string{"redis-server"}, what: "redis: threads, BGSAVE and BGREWRITEAOF by fork and rename",
		command: func(l layout) []string {
			return []string{"/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", l.dir, "--appendonly", "yes", "--save", ""}
		},
		drive: func(layout) error { return driveRedis("127.0.0.1:" + port) },
		replace: []seen.Replacement{
			{Match: regexp.MustCompile(`(/temp-(?:rewriteaof-)?(?:bg-)?)[0-9]+`), With: "${1}PID"},
		},
	}
}

func driveRedis(address string) error {
	if err := until("redis", func() bool { return ask(address, "PING") == "+PONG" }); err != nil {
		return err
	}
	for _, step := range [][2]string{{"SET key value", "+OK"}, {"BGSAVE", "+Background saving started"}} {
		if got := ask(address, step[0]); got != step[1] {
			return fmt.Errorf("redis answers %q to %s", got, step[0])
		}
	}
	if err := until("BGSAVE", func() bool { return strings.Contains(ask(address, "INFO persistence"), "rdb_bgsave_in_progress:0") }); err != nil {
		return err
	}
	if got := ask(address, "BGREWRITEAOF"); !strings.HasPrefix(got, "+Background append only file rewriting") {
		return fmt.Errorf("redis answers %q to BGREWRITEAOF", got)
	}
	if err := until("BGREWRITEAOF", func() bool { return strings.Contains(ask(address, "INFO persistence"), "aof_rewrite_in_progress:0") }); err != nil {
		return err
	}
	ask(address, "SHUTDOWN")
	return nil
}

// ask sends one command over a connection of its own and answers what comes
// back: a line, or the text that the line announces.
func ask(address, command string) string {
	answer, err := exchange(address, command)
	if err != nil {
		return err.Error()
	}
	return answer
}

func exchange(address, command string) (answer string, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	r := bufio.NewReader(c)
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if size, ok := strings.CutPrefix(line, "$"); ok {
		n, err := strconv.Atoi(size)
		if err != nil || n < 0 {
			return "", fmt.Errorf("redis answers %q", line)
		}
		text := make([]byte, n)
		_, err = io.ReadFull(r, text)
		return string(text), err
	}
	return line, nil
}
