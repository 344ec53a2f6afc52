package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vitals/checks"
)

// many makes folders with so many files of five bytes each: links to a few,
// which is quicker.
func many(t testing.TB, folders, files int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range folders {
		sub := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		first := filepath.Join(sub, "0")
		if err := os.WriteFile(first, []byte("12345"), 0o600); err != nil {
			t.Fatal(err)
		}
		for j := 1; j < files; j++ {
			if err := os.Link(first, filepath.Join(sub, strconv.Itoa(j))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestSizesAreCountedOnce(t *testing.T) {
	dir, cache := many(t, 20, 1), filepath.Join(t.TempDir(), "cache", "sizes.json")
	first := newSizes(cache).get(t.Context(), dir, time.Minute, time.Hour)
	if first.Bytes != 100 || first.Files != 20 || !first.Complete {
		t.Errorf("counted %+v", first)
	}
	if err := os.WriteFile(filepath.Join(dir, "late"), []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := newSizes(cache).get(t.Context(), dir, time.Minute, time.Hour); again.Bytes != 100 || !again.At.Equal(first.At) {
		t.Errorf("another process counted again: %+v", again)
	}
	if later := newSizes(cache).get(t.Context(), dir, time.Minute, 0); later.Bytes != 105 {
		t.Errorf("an old size is used: %+v", later)
	}
	if err := os.WriteFile(cache, []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if anew := newSizes(cache).get(t.Context(), dir, time.Minute, time.Hour); anew.Bytes != 105 {
		t.Errorf("with a broken cache: %+v", anew)
	}
	if none := newSizes("").get(ended(t), dir, time.Minute, time.Hour); none.Complete {
		t.Errorf("time was up, yet the count is complete: %+v", none)
	}
	if runtime.GOOS == "windows" {
		return
	}
	info, err := os.Stat(cache)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the cache: %v %v", info, err)
	}
}

func TestSizesOfTwoProcessesStayTogether(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "sizes.json")
	one, two := many(t, 1, 1), many(t, 2, 1)
	a, b := newSizes(cache), newSizes(cache)
	a.lookup(one) // both have read the empty file by now
	b.lookup(two)
	a.get(t.Context(), one, time.Minute, time.Hour)
	b.get(t.Context(), two, time.Minute, time.Hour)
	known := sizeFile(cache).read()
	if known[one].Bytes != 5 || known[two].Bytes != 10 {
		t.Errorf("%v", known)
	}
	known["/long/ago"] = size{At: time.Now().Add(-2 * forgotten)}
	if known = sizeFile(cache).write(known); len(known) != 2 {
		t.Errorf("what nobody asks for stays: %v", known)
	}
}

// A count that takes longer than there is time for says what it saw, goes on,
// and is whole at a later look, without being begun again.
func TestALongCountGoesOn(t *testing.T) {
	dir := many(t, 10, 100)
	s := newSizes("")
	synctest.Test(t, func(t *testing.T) {
		cut := s.get(t.Context(), dir, 0, 0)
		if cut.Complete || cut.Files > 1000 {
			t.Errorf("no time at all: %+v", cut)
		}
		synctest.Wait() // the walk rests by sleeping, which takes no time here
		time.Sleep(time.Second)
		synctest.Wait()
		whole, ok := s.lookup(dir)
		if !ok || !whole.Complete || whole.Files != 1000 || whole.Bytes != 5000 {
			t.Errorf("later: %+v %v", whole, ok)
		}
	})
}

func TestAnOldWholeCountIsBetterThanAPart(t *testing.T) {
	dir := many(t, 1, 1)
	for age, want := range map[time.Duration]int64{time.Hour: 12345, 25 * time.Hour: 0} {
		s := newSizes("")
		s.loaded, s.known[dir] = true, size{Bytes: 12345, At: time.Now().Add(-age), Complete: true}
		stuck := newWalk() // as one that a dead file server holds
		s.walks[dir] = stuck
		if got := s.get(t.Context(), dir, 0, time.Minute); got.Bytes != want || got.Complete != (want > 0) {
			t.Errorf("%v old: %+v, want %d", age, got, want)
		}
	}
}

func TestClosingEndsTheCount(t *testing.T) {
	s := newSizes("")
	s.close()
	if got := s.get(t.Context(), many(t, 3, 3), time.Minute, 0); got.Complete {
		t.Errorf("%+v", got)
	}
}

func TestAFolderThatCannotBeReadMakesItAtLeast(t *testing.T) {
	w := newWalk()
	w.run(t.Context(), filepath.Join(t.TempDir(), "none"))
	if got := w.total(); got.Complete {
		t.Errorf("%+v", got)
	}
}

// Tens of thousands of files: the first look is over when its time is, and later
// ones take no time.
func TestManyFiles(t *testing.T) {
	dir := many(t, 40, 1000)
	o := folders(dir)
	o.SizeTimeout = 10 * time.Millisecond
	list := o.Checks()
	runner := &checks.Runner{}
	began := time.Now()
	first := runner.Run(t.Context(), list)[0]
	if took := time.Since(began); first.Status != checks.Healthy || took > 2*time.Second {
		t.Errorf("%v after %v", first.Status, took)
	}
	if first.Facts[2].Value == false {
		wants(t, "cut short", first, checks.Healthy, "at least ")
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r := runner.Run(t.Context(), list)[0]
		if number(t, r, "size_complete") == 1 {
			if number(t, r, "uploads_size") != 200_000 || r.Tables[0].Rows[0][3] != int64(40_000) {
				t.Errorf("%v %v", r.Facts, r.Tables[0].Rows)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("never whole: %s", r.Summary)
		}
	}
	list[0].Close()
}

func BenchmarkCountFiles(b *testing.B) {
	dir := many(b, 100, 1000)
	for b.Loop() {
		w := newWalk()
		w.run(b.Context(), dir)
		if w.total().Files != 100_000 {
			b.Fatal(fmt.Sprint(w.total()))
		}
	}
}

func BenchmarkFolder(b *testing.B) {
	o := folders(b.TempDir())
	do := o.Checks()[0].Do
	for b.Loop() {
		if r := do(b.Context()); r.Status != checks.Healthy {
			b.Fatal(r.Summary)
		}
	}
}
