package apparmor

import (
	"fmt"
	"strings"
)

// scanner splits a profile into statements: rules end with a comma, a profile's
// head with an opening brace, lines of the preamble and includes with the line.
type scanner struct {
	in   string
	at   int
	line int
}

// word is a word of a statement; a quoted one stands without its quotes.
type word struct {
	text   string
	quoted bool
}

func texts(words []word) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, w.text)
	}
	return out
}

// statement reads the next one; nil at the end of the text.
func (s *scanner) statement() ([]word, error) {
	var words []word
	for s.at < len(s.in) {
		c := s.in[s.at]
		switch {
		case c == '\n':
			s.at++
			s.line++
			if endsWithLine(words) {
				return words, nil
			}
		case c == ' ' || c == '\t':
			s.at++
		case c == '#':
			s.at += strings.IndexByte(s.in[s.at:]+"\n", '\n')
		case c == '"':
			text, err := s.quoted()
			if err != nil {
				return nil, err
			}
			words = append(words, word{text, true})
		case c == ',' && len(words) > 0:
			s.at++
			return words, nil
		default:
			text, end := s.bare()
			if text == "{" {
				return words, nil
			}
			words = append(words, word{text, false})
			if end || text == "}" {
				return words, nil
			}
		}
	}
	if len(words) > 0 && !endsWithLine(words) {
		return nil, fmt.Errorf("the text ends within a rule: %q", texts(words))
	}
	return words, nil
}

// endsWithLine says whether a statement has no comma at its end.
func endsWithLine(words []word) bool {
	return len(words) > 0 && !words[0].quoted &&
		(words[0].text == "include" || isAssignment(words[0].text))
}

// isAssignment says whether a word begins a line that gives a variable values.
func isAssignment(text string) bool {
	_, rest, ok := strings.Cut(text, "}")
	return ok && strings.HasPrefix(text, "@{") && (strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, "+="))
}

// quoted reads to the closing quote; a backslash guards the next character.
func (s *scanner) quoted() (string, error) {
	for i := s.at + 1; i < len(s.in); i++ {
		switch s.in[i] {
		case '\\':
			i++
		case '"':
			text := s.in[s.at+1 : i]
			s.line += strings.Count(text, "\n")
			s.at = i + 1
			return text, nil
		}
	}
	return "", fmt.Errorf("a quote that is not closed")
}

// bare reads a word, parentheses as a whole; end says that a comma followed.
func (s *scanner) bare() (text string, end bool) {
	start, depth := s.at, 0
	for s.at < len(s.in) {
		c := s.in[s.at]
		if c == '\n' || (c == ' ' || c == '\t') && depth == 0 {
			break
		}
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case '\\':
			s.at++
		}
		s.at++
	}
	s.at = min(s.at, len(s.in))
	text, end = strings.CutSuffix(s.in[start:s.at], ",")
	return text, end
}
