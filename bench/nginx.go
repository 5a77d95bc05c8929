package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

const nginxConfiguration = `daemon off; user root; pid %[1]s/nginx.pid; error_log %[1]s/nginx.log;
events {}
http { access_log %[1]s/access.log; server { listen 127.0.0.1:%[2]s; root %[1]s/tree; } }
`

// nginx takes the time of one request for a file to a server that is watched,
// by clients in this process, which is not.
func nginx(g ground, s setting) (perRequest float64, err error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	file := filepath.Join(g.dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfiguration, g.dir, port), 0o644); err != nil {
		return 0, err
	}
	command := []string{"nginx", "-c", file}
	if s.wrap != nil {
		command = s.wrap(g, command)
	}
	server := exec.Command(command[0], command[1:]...)
	if err := server.Start(); err != nil {
		return 0, err
	}
	defer func() {
		stop := exec.Command("nginx", "-c", file, "-s", "stop")
		err = errors.Join(err, stop.Run(), server.Wait())
	}()
	if err := listening("127.0.0.1:" + port); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := ask("http://127.0.0.1:" + port + "/0/0"); err != nil {
		return 0, err
	}
	return float64(time.Since(start).Microseconds()) / requests, nil
}

// ask asks for one file again and again, over a few connections.
func ask(url string) error {
	const clients = 10
	var group sync.WaitGroup
	failed := make([]error, clients)
	for i := range clients {
		group.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
			defer client.CloseIdleConnections()
			for range requests / clients {
				if failed[i] = get(client, url); failed[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

func get(client *http.Client, url string) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s: %s", url, answer.Status))
	}
	return errors.Join(err, answer.Body.Close())
}
