package main

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"

	"github.com/osapi-io/osapi-profile/trace/record"
	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// identityOf looks a user up, by name or number; nil without a name.
func identityOf(name string, ambient []string) (*record.Identity, error) {
	for _, c := range ambient {
		if _, err := launch.ParseCapability(c); err != nil {
			return nil, fmt.Errorf("--ambient: %w", err)
		}
	}
	if name == "" {
		if len(ambient) > 0 {
			return nil, errors.New("--ambient needs --user: without it the worker keeps all that the recorder has")
		}
		return nil, nil
	}
	u, err := user.Lookup(name)
	if _, ok := errors.AsType[user.UnknownUserError](err); ok {
		if byID, idErr := user.LookupId(name); idErr == nil {
			u, err = byID, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("--user %s: %w", name, err)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("--user %s: reading its groups: %w", name, err)
	}
	identity := &record.Identity{Name: u.Username, Ambient: ambient}
	for _, to := range []struct {
		id  *uint32
		was string
	}{{&identity.UID, u.Uid}, {&identity.GID, u.Gid}} {
		if *to.id, err = number(to.was); err != nil {
			return nil, fmt.Errorf("--user %s: %w", name, err)
		}
	}
	for _, id := range ids {
		g, err := number(id)
		if err != nil {
			return nil, fmt.Errorf("--user %s: %w", name, err)
		}
		identity.Groups = append(identity.Groups, g)
	}
	return identity, nil
}

func number(id string) (uint32, error) {
	n, err := strconv.ParseUint(id, 10, 32)
	return uint32(n), err
}
