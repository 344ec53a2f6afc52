package configs_test

import (
	"testing"

	"vitals/configs"
)

func BenchmarkLoad(b *testing.B) {
	src := configs.Source{File: "testdata/good/everything.yaml", Dir: "."}
	for b.Loop() {
		if _, err := configs.Load(src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadNothing(b *testing.B) {
	src := configs.Source{Dir: b.TempDir()}
	for b.Loop() {
		if _, err := configs.Load(src); err != nil {
			b.Fatal(err)
		}
	}
}
