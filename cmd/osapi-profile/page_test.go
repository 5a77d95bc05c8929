package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite generated files")

const commandsPage = "../../docs/docs/sidebar/cli.md"

const pageHead = `---
sidebar_position: 8
sidebar_label: Commands
---

# Commands

What each command says about itself with ` + "`--help`" + `. The page is generated;
` + "`go test ./cmd/osapi-profile -update`" + ` renews it.
`

// TestPage holds the page to what the commands say.
func TestPage(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(pageHead)
	describe(t, &b, newRoot())
	if *update {
		require.NoError(t, os.WriteFile(commandsPage, b.Bytes(), 0o644))
	}
	data, err := os.ReadFile(commandsPage)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(data), "run go test with -update")
}

// describe writes a section for a command and each below it.
func describe(t *testing.T, b *bytes.Buffer, cmd *cobra.Command) {
	var help bytes.Buffer
	cmd.SetOut(&help)
	cmd.InitDefaultHelpFlag()
	require.NoError(t, cmd.Help())
	require.NotContains(t, help.String(), "```")
	b.WriteString("\n## " + cmd.CommandPath() + "\n\n```text\n" + strings.TrimSpace(help.String()) + "\n```\n")
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			describe(t, b, c)
		}
	}
}

// Every command is explained by an example and names its exit statuses.
func TestHelpIsWhole(t *testing.T) {
	for _, c := range newRoot().Commands() {
		require.NotEmpty(t, c.Example, c.Name())
		require.NotEmpty(t, c.Short, c.Name())
		if c.Name() != "version" {
			require.Contains(t, c.Long, "Exit status: ", c.Name())
		}
	}
}
