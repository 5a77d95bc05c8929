// Package plan puts real daemons through training plans. The plans are the
// examples of docs/docs/sidebar/plan.md.
package plan
