package host

import (
	"runtime"
	"testing"

	"vitals/checks"
)

// Whatever this machine is like, its own figures make sense.
func TestThisMachine(t *testing.T) {
	cpu, memory, disk, network, load := DefaultCPUOptions(), DefaultMemoryOptions(), DefaultDiskOptions(), DefaultNetworkOptions(), DefaultLoadOptions()
	if r := ask(t, &cpu); r.Status != checks.Healthy || number(t, r, "used") < 0 || number(t, r, "used") > 100 || number(t, r, "cores") <= 0 {
		t.Errorf("cpu: %v %v %s", r.Status, r.Facts, r.Error)
	}
	if r := ask(t, &memory); r.Status == checks.Unknown || number(t, r, "total") < 1<<26 || number(t, r, "available") > number(t, r, "total") {
		t.Errorf("memory: %v %v %s", r.Status, r.Facts, r.Error)
	}
	if r := ask(t, &disk); r.Status == checks.Unknown || len(r.Tables[0].Rows) == 0 || number(t, r, "available") <= 0 {
		t.Errorf("disk: %v %s", r.Status, r.Summary)
	}
	if r := ask(t, &network); r.Status == checks.Unknown {
		t.Errorf("network: %v %s %s", r.Status, r.Summary, r.Error)
	}
	if runtime.GOOS == "windows" {
		if list := load.Checks(); list != nil {
			t.Errorf("windows has no load: %v", list)
		}
		return
	}
	if r := ask(t, &load); r.Status == checks.Unknown || number(t, r, "load15") < 0 {
		t.Errorf("load: %v %v %s", r.Status, r.Facts, r.Error)
	}
}

func TestWhatFailsTheWhole(t *testing.T) {
	critical := map[string]bool{"disk": true, "file_system": true, "processes": true}
	for _, k := range Kinds() {
		o := k.New()
		switch o := o.(type) {
		case *FileSystemOptions:
			o.Paths = []string{t.TempDir()}
		case *ProcessOptions:
			o.Name, o.Match = "x", "x"
		}
		for _, c := range o.Checks() {
			if c.Critical != critical[k.Name] {
				t.Errorf("%s: critical is %v", c.Name, c.Critical)
			}
		}
	}
}
