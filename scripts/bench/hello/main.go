// Command hello is the bare Go program that `vitals version` is measured
// against.
package main

import "os"

func main() { os.Stdout.WriteString("hello\n") }
