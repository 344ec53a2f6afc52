package configs

import (
	"os"
	"path/filepath"
	"runtime"
)

// The folders follow the XDG base directory specification on Unix (relative
// values in its variables are ignored, as it demands), and each system's own
// customs elsewhere.

func xdg(env environment, name, home string, otherwise ...string) string {
	if dir := env[name]; filepath.IsAbs(dir) {
		return dir
	}
	if home == "" {
		return ""
	}
	return filepath.Join(append([]string{home}, otherwise...)...)
}

// configHome is the folder of the user's own configuration files.
func configHome(home string, env environment) string {
	if runtime.GOOS == "windows" {
		return env["APPDATA"]
	}
	return xdg(env, "XDG_CONFIG_HOME", home, ".config")
}

// systemConfigDirs are the folders of configuration for everybody.
func systemConfigDirs(env environment) []string {
	if runtime.GOOS != "windows" {
		return []string{"/etc"}
	}
	if dir := env["ProgramData"]; dir != "" {
		return []string{dir}
	}
	return nil
}

// defaultDataDir is where history and logs go when nobody says otherwise.
func defaultDataDir(home string, env environment) string {
	switch {
	case runtime.GOOS == "windows" && env["LOCALAPPDATA"] != "":
		return filepath.Join(env["LOCALAPPDATA"], "vitals")
	case runtime.GOOS == "windows":
		return filepath.Join(home, "AppData", "Local", "vitals")
	case filepath.IsAbs(env["XDG_STATE_HOME"]):
		return filepath.Join(env["XDG_STATE_HOME"], "vitals")
	case os.Geteuid() == 0 || home == "":
		return "/var/lib/vitals"
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "vitals")
	}
	return filepath.Join(home, ".local", "state", "vitals")
}
