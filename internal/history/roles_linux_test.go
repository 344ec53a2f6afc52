package history

import "syscall"

func mountSmall(folder string) error {
	return syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=1m")
}

// ownMounts gives a process mounts of its own, for which it needs no rights.
func ownMounts(uid, gid int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}},
	}
}
