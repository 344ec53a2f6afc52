package host

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMountsAreRead(t *testing.T) {
	for line, want := range map[string]mount{
		"36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/sda1 rw,errors=remount-ro":       {path: "/mnt", device: "/dev/sda1", kind: "ext4", volume: "98:0"},
		"36 35 98:0 /sub /mnt rw - ext4 /dev/sda1 rw":                                       {path: "/mnt", device: "/dev/sda1", kind: "ext4", volume: "98:0", part: true},
		`36 35 0:9 / /mnt/a\040b\134c rw shared:1 master:2 - nfs4 server:/x\040y rw,vers=4`: {path: `/mnt/a b\c`, device: "server:/x y", kind: "nfs4", volume: "0:9"},
		"36 35 98:0 / /mnt rw - ext4 /dev/sda1 ro,errors=remount-ro":                        {path: "/mnt", device: "/dev/sda1", kind: "ext4", volume: "98:0", readOnly: true, turnedReadOnly: true},
		"36 35 98:0 / /mnt rw - ext4 /dev/sda1 rw,emergency_ro":                             {path: "/mnt", device: "/dev/sda1", kind: "ext4", volume: "98:0", readOnly: true, turnedReadOnly: true},
		"36 35 98:0 / /mnt ro - ext4 /dev/sda1 ro":                                          {path: "/mnt", device: "/dev/sda1", kind: "ext4", volume: "98:0", readOnly: true},
		// The service sees it so (ProtectSystem=strict); others write to it.
		"36 35 98:0 / / ro - ext4 /dev/sda1 rw": {path: "/", device: "/dev/sda1", kind: "ext4", volume: "98:0"},
		"36 35 0:5 / /x rw - tmpfs  rw":         {path: "/x", kind: "tmpfs", volume: "0:5"},
	} {
		if got, ok := parseMount(line); !ok || got != want {
			t.Errorf("%s\ngot  %+v\nwant %+v", line, got, want)
		}
	}
	for _, line := range []string{"", "36 35 98:0 / /mnt rw", "- - -", "36 35 - ext4 /dev/sda1 rw", "36 35 98:0 / /mnt rw - ext4"} {
		if got, ok := parseMount(line); ok {
			t.Errorf("%q was understood: %+v", line, got)
		}
	}
}

// The whole way, on folders that stand for mounts.
func TestDiskOfAMadeUpMachine(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	file := filepath.Join(one, "hosts")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := DefaultDiskOptions()
	o.Root = tree(t, map[string]string{"proc/self/mountinfo": fmt.Sprintf("1 0 8:1 / %s rw - ext4 /dev/a rw\n2 0 8:1 /b %s rw - ext4 /dev/a rw\n3 0 8:2 /etc/hosts %s rw - ext4 /dev/b rw\n4 0 0:7 / /proc rw - proc proc rw\n", one, two, file)})
	r := ask(t, &o)
	if rows := r.Tables[0].Rows; len(rows) != 1 || rows[0][0] != one || rows[0][1] != "ext4" || rows[0][6] != "/dev/a" {
		t.Errorf("%v", r.Tables[0].Rows)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(one, &st); err != nil {
		t.Fatal(err)
	}
	if size := number(t, r, "available"); size <= 0 || size > float64(st.Blocks)*float64(st.Bsize) {
		t.Errorf("%v bytes available", size)
	}
}
