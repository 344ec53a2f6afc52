// Command vitals tells whether an application is well. See the package cmd.
package main

import (
	"os"

	"vitals/cmd"
)

func main() { os.Exit(cmd.Main(cmd.System())) }
