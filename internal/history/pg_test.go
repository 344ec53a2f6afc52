package history

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vitals/internal/testenv"
)

// What holds for a file holds for a server: the same tests, with databases where
// they ask for files.
func TestOnPostgres(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"TestWhatWasRecordedComesBack": TestWhatWasRecordedComesBack, "TestSamples": TestSamples, "TestSameMillisecond": TestSameMillisecond,
		"TestLastIsTheLatestStarted": TestLastIsTheLatestStarted, "TestClosed": TestClosed, "TestInterrupted": TestInterrupted,
		"TestLastGivesBackEveryValue": TestLastGivesBackEveryValue, "TestTwoInOneProcess": TestTwoInOneProcess,
		"TestRetention": TestRetention, "TestForgottenElsewhere": TestForgottenElsewhere, "TestPruneInterrupted": TestPruneInterrupted,
		"TestInstant": TestInstant, "TestRange": TestRange, "TestRandomQuestions": TestRandomQuestions, "TestNoData": TestNoData,
		"TestLookbackCanBeChosen": TestLookbackCanBeChosen, "TestWrongExpressions": TestWrongExpressions, "TestQueriesAreBounded": TestQueriesAreBounded,
		"TestLabelNamesAndValues": TestLabelNamesAndValues, "TestRoundIsOneMoment": TestRoundIsOneMoment, "TestEmptyLabelIsNone": TestEmptyLabelIsNone,
		"TestOutbox": TestOutbox, "TestStepsAreOneAfterTheOther": TestStepsAreOneAfterTheOther, "TestClaims": TestClaims,
		"TestQueryAfterPruning": TestQueryAfterPruning, "TestManyAtOnce": TestManyAtOnce, "TestRolledUp": TestRolledUp, "TestRolledUpOnce": TestRolledUpOnce, "TestNothingToRollUp": TestNothingToRollUp, "TestRulesAreQuick": TestRulesAreQuick,
	} {
		t.Run(name, test)
	}
}

// placed gives a history a place of its own where the test chose none: a file, or
// a database for the tests of TestOnPostgres.
func placed(t testing.TB, o Options) Options {
	t.Helper()
	if o.URL != "" {
		return o
	}
	if !strings.Contains(t.Name(), "OnPostgres") {
		if o.Path == "" {
			o.Path = filepath.Join(t.TempDir(), "data", "history.db")
		}
		return o
	}
	if o.Path != "" {
		if url, ok := databases.Load(o.Path); ok {
			o.URL = url.(string)
			return o
		}
	}
	o.URL = testenv.Postgres(t).NewDatabase(t)
	databases.Store(o.Path, o.URL)
	databases.Store(o.URL[:strings.Index(o.URL, "://")]+"://"+strings.TrimSuffix(o.URL[strings.Index(o.URL, "@")+1:], "?sslmode=disable"), o.URL) // DB.path
	return o
}

// databases are the URLs by the paths that tests chose.
var databases sync.Map
