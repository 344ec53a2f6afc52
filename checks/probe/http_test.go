package probe_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vitals/checks"
	"vitals/checks/probe"
)

// site is an application with a page for everything that can go wrong.
func site(t testing.TB) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	page := func(path string, do http.HandlerFunc) { mux.HandleFunc(path, do) }
	page("/ok", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Version", "1.2.3")
		fmt.Fprint(w, `{"status": "healthy", "n": 5, "big": 9007199254740993, "items": [{"name": "a"}, {"name": "b"}], "up": true, "none": null}`)
	})
	page("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s?%s host=%s ua=%s body=%s user=%s password=%s headers=%v\n", r.Method, r.URL.Path, r.URL.RawQuery, r.Host, r.UserAgent(), body, user, password, r.Header)
	})
	for _, code := range []int{204, 304, 401, 404, 418, 429, 500, 503, 599} {
		page(fmt.Sprintf("/%d", code), func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) })
	}
	page("/to", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("url"), http.StatusFound)
	})
	page("/keep", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("url"), http.StatusTemporaryRedirect)
	})
	page("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	faultyPages(page)
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = discard()
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// faultyPages are those that no application means to have.
func faultyPages(page func(string, http.HandlerFunc)) {
	page("/slow", func(w http.ResponseWriter, r *http.Request) { time.Sleep(50 * time.Millisecond) })
	page("/drip", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	page("/huge", func(w http.ResponseWriter, r *http.Request) {
		block := strings.Repeat("x", 1<<16)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	})
	page("/bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		block := make([]byte, 1<<20)
		for r.Context().Err() == nil {
			if _, err := z.Write(block); err != nil {
				return
			}
		}
	})
	page("/notgzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, "this is no gzip")
	})
	page("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	page("/gone", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	page("/headers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Big", strings.Repeat("x", 300<<10))
	})
	page("/html", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>It works</html>") })
	page("/empty", func(w http.ResponseWriter, r *http.Request) {})
}

func TestPages(t *testing.T) {
	s := site(t)
	for name, c := range map[string]struct {
		path   string
		change func(*probe.HTTPOptions)
		status checks.Status
		says   string
	}{
		"well":                 {"/ok", nil, checks.Healthy, "/ok answers 200 OK in"},
		"no content":           {"/204", nil, checks.Healthy, "204 No Content"},
		"not modified":         {"/304", nil, checks.Healthy, "304"},
		"not found":            {"/nowhere", nil, checks.Unhealthy, "answers 404 Not Found, expected 2xx or 3xx"},
		"unauthorized":         {"/401", nil, checks.Unhealthy, "401 Unauthorized"},
		"too many requests":    {"/429", nil, checks.Unhealthy, "429"},
		"server error":         {"/500", nil, checks.Unhealthy, "500 Internal Server Error"},
		"unavailable":          {"/503", nil, checks.Unhealthy, "503"},
		"a code without words": {"/599", nil, checks.Unhealthy, "answers 599,"},
		"expected code":        {"/418", func(o *probe.HTTPOptions) { o.Status = []string{"418"} }, checks.Healthy, "418"},
		"expected range":       {"/204", func(o *probe.HTTPOptions) { o.Status = []string{"500", "200-204"} }, checks.Healthy, "204"},
		"outside range":        {"/ok", func(o *probe.HTTPOptions) { o.Status = []string{"201-204", "4xx"} }, checks.Unhealthy, "expected 201-204 or 4xx"},
		"body found":           {"/html", func(o *probe.HTTPOptions) { o.BodyMatches = []string{"It works", "^<html>"} }, checks.Healthy, ""},
		"body lacks":           {"/html", func(o *probe.HTTPOptions) { o.BodyMatches = []string{"It works", "Welcome"} }, checks.Unhealthy, `has a body in which "Welcome" is not found`},
		"body must not":        {"/html", func(o *probe.HTTPOptions) { o.BodyNotMatches = []string{"It works"} }, checks.Unhealthy, `in which "It works" is found`},
		"error pages not read": {"/500", func(o *probe.HTTPOptions) { o.BodyMatches = []string{"x"} }, checks.Unhealthy, "expected 2xx or 3xx"},
		"header there":         {"/ok", func(o *probe.HTTPOptions) { o.ExpectHeaders = []probe.HeaderRule{{Name: "x-version"}} }, checks.Healthy, ""},
		"header matches":       {"/ok", func(o *probe.HTTPOptions) { o.ExpectHeaders = []probe.HeaderRule{{Name: "X-Version", Matches: `^1\.`}} }, checks.Healthy, ""},
		"header differs":       {"/ok", func(o *probe.HTTPOptions) { o.ExpectHeaders = []probe.HeaderRule{{Name: "X-Version", Matches: `^2\.`}} }, checks.Unhealthy, "header X-Version that does not match"},
		"header missing":       {"/ok", func(o *probe.HTTPOptions) { o.ExpectHeaders = []probe.HeaderRule{{Name: "Strict-Transport-Security"}} }, checks.Unhealthy, "without the header Strict-Transport-Security"},
		"slow":                 {"/slow", func(o *probe.HTTPOptions) { o.DegradedAfter = 10 * time.Millisecond }, checks.Degraded, "more than 10ms"},
		"too slow": {"/slow", func(o *probe.HTTPOptions) {
			o.DegradedAfter, o.UnhealthyAfter = 5*time.Millisecond, 10*time.Millisecond
		}, checks.Unhealthy, "more than 10ms"},
		"fast enough":           {"/ok", func(o *probe.HTTPOptions) { o.UnhealthyAfter = 5 * time.Second }, checks.Healthy, ""},
		"never ends":            {"/drip", nil, checks.Unhealthy, "began to answer but did not finish within 300ms"},
		"huge":                  {"/huge", nil, checks.Healthy, "200 OK"},
		"huge, not found":       {"/huge", func(o *probe.HTTPOptions) { o.BodyMatches = []string{"y"} }, checks.Unhealthy, "body of more than 1.0 MB (body_limit)"},
		"huge, as JSON":         {"/huge", func(o *probe.HTTPOptions) { o.JSON = []probe.JSONRule{{Path: "$.a"}} }, checks.Unknown, "too long to be read as JSON"},
		"bomb":                  {"/bomb", nil, checks.Healthy, "200 OK"},
		"not what it says":      {"/notgzip", nil, checks.Unhealthy, "not compressed as it says"},
		"cut":                   {"/cut", nil, checks.Unhealthy, "broke off its answer after 4 B"},
		"hangs up":              {"/gone", nil, checks.Unhealthy, "closed the connection without an answer"},
		"headers without end":   {"/headers", nil, checks.Unhealthy, "of headers"},
		"not JSON":              {"/html", func(o *probe.HTTPOptions) { o.JSON = []probe.JSONRule{{Path: "$.a"}} }, checks.Unhealthy, "has a body that is not JSON"},
		"empty JSON":            {"/empty", func(o *probe.HTTPOptions) { o.JSON = []probe.JSONRule{{Path: "$.a"}} }, checks.Unhealthy, "it is empty"},
		"redirect":              {"/to?url=/ok", nil, checks.Healthy, "/ok answers 200"},
		"redirect not followed": {"/to?url=/ok", func(o *probe.HTTPOptions) { o.FollowRedirects = false }, checks.Healthy, "302 Found"},
		"redirect not expected": {"/to?url=/ok", func(o *probe.HTTPOptions) { o.FollowRedirects, o.Status = false, []string{"200"} }, checks.Unhealthy, "answers 302 Found"},
		"loop":                  {"/loop", nil, checks.Unhealthy, "is the end of more than 10 redirects"},
		"no redirect allowed":   {"/to?url=/ok", func(o *probe.HTTPOptions) { o.MaxRedirects = 0 }, checks.Unhealthy, "more than 0 redirects"},
		"one redirect allowed":  {"/to?url=/ok", func(o *probe.HTTPOptions) { o.MaxRedirects = 1 }, checks.Healthy, ""},
		"redirect to nowhere":   {"/to?url=http://127.0.0.1:1/x", nil, checks.Unhealthy, "leads to http://127.0.0.1:1/x, which refuses connections"},
		"redirect to a file":    {"/to?url=file:///etc/passwd", nil, checks.Unhealthy, "file:///etc/passwd, which is no page"},
	} {
		t.Run(name, func(t *testing.T) {
			o := get(s.URL + c.path)
			if c.change != nil {
				c.change(o)
			}
			timeout := 5 * time.Second
			if c.path == "/drip" {
				timeout = 300 * time.Millisecond
			}
			want(t, run(t, o, timeout), c.status, c.says)
		})
	}
}

func TestHTTPFacts(t *testing.T) {
	s := site(t)
	o := get(s.URL + "/to?url=/to?url=/ok")
	o.DegradedAfter, o.UnhealthyAfter = time.Second, 2*time.Second
	got := ask(t, o)
	want(t, got, checks.Healthy, "")
	for name, value := range map[string]any{
		"status_code": int64(200), "redirects": int64(2), "final_url": s.URL + "/ok", "protocol": "HTTP/1.1", "ip": "127.0.0.1",
		"dns": nil, "tls": nil, "tls_version": nil, "certificate_expires": nil,
	} {
		if v := fact(t, got, name); v != value {
			t.Errorf("%s is %v, want %v", name, v, value)
		}
	}
	if n, _ := fact(t, got, "content_length").(int64); n < 100 {
		t.Errorf("content_length %d", n)
	}
	total, _ := fact(t, got, "total").(time.Duration)
	for _, phase := range []string{"connect", "first_byte"} {
		if d, _ := fact(t, got, phase).(time.Duration); d <= 0 || d > total {
			t.Errorf("%s took %s of %s", phase, d, total)
		}
		if _, ok := sample(got, "vitals_probe_phase_seconds", "phase", phase); !ok {
			t.Errorf("no sample of %s", phase)
		}
	}
	if f, _ := got.Fact("total"); f.Limits == nil || f.Limits.Degraded != 1 || f.Limits.Unhealthy != 2 {
		t.Errorf("limits of the total: %v", f.Limits)
	}
	if _, ok := sample(got, "vitals_probe_phase_seconds", "phase", "tls"); ok {
		t.Error("a sample of a phase that did not happen")
	}
	if v, ok := sample(got, "vitals_probe_http_status_code", "probe", "it"); !ok || v != 200 {
		t.Errorf("sample of the status: %v", v)
	}
	if got := ask(t, get(strings.Replace(s.URL, "127.0.0.1", "localhost", 1)+"/ok")); fact(t, got, "dns") == nil {
		t.Error("no time of the name's look-up")
	}
	if got := ask(t, get(s.URL+"/bomb")); fact(t, got, "content_length") != nil {
		t.Error("a length of what was not read to its end")
	}
}

func TestEveryRunIsAFirstVisit(t *testing.T) {
	visitors := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visitors[r.RemoteAddr] = true
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		if len(r.Cookies()) > 0 {
			t.Error("a cookie came back")
		}
	}))
	defer s.Close()
	c := check(t, get(s.URL))
	for range 3 {
		(&checks.Runner{}).Run(t.Context(), []checks.Check{c})
	}
	if len(visitors) != 3 {
		t.Errorf("3 runs came over %d connections", len(visitors))
	}
}

func TestRequest(t *testing.T) {
	s := site(t)
	o := get(s.URL + "/echo?a=b")
	o.Method, o.Body = "post", "the body"
	o.Headers = []probe.Header{{Name: "Host", Value: "www.example.com"}, {Name: "X-One", Value: "first"}, {Name: "x-one", Value: "second"}}
	o.BodyMatches = []string{
		`POST /echo\?a=b`, `host=www\.example\.com`, `ua=vitals/1`, `body=the body`, `X-One:\[first second\]`,
	}
	want(t, ask(t, o), checks.Healthy, "")
	o = get(s.URL + "/echo")
	o.BasicAuth = probe.BasicAuth{Username: "u", Password: "p"}
	o.Headers = []probe.Header{{Name: "User-Agent", Value: "other"}}
	o.BodyMatches = []string{`user=u password=p`, `ua=other`}
	want(t, ask(t, o), checks.Healthy, "")
	o = get(strings.Replace(s.URL, "http://", "http://name:word@", 1) + "/echo")
	o.BodyMatches = []string{`user=name password=word`}
	want(t, ask(t, o), checks.Healthy, "")
	o = get(s.URL + "/echo")
	o.BearerToken, o.BodyMatches = "tok", []string{`Authorization:\[Bearer tok\]`}
	want(t, ask(t, o), checks.Healthy, "")
}

func TestSecretsStayWithTheirHost(t *testing.T) {
	var seen string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = fmt.Sprint(r.Header, string(body), r.URL)
	}))
	defer other.Close()
	s := site(t)
	o := get(s.URL + "/to?secret=MARKED-query&url=" + other.URL)
	o.Headers = []probe.Header{{Name: "X-Api-Key", Value: "MARKED-header"}, {Name: "Cookie", Value: "MARKED=cookie"}, {Name: "Accept", Value: "text/html"}}
	o.BearerToken = "MARKED-bearer"
	want(t, ask(t, o), checks.Healthy, "")
	if strings.Contains(seen, "MARKED") || !strings.Contains(seen, "text/html") {
		t.Errorf("the other host got %s", seen)
	}
	seen = ""
	o = get(s.URL + "/keep?url=" + other.URL)
	o.Method, o.Body = "POST", "MARKED-body"
	want(t, ask(t, o), checks.Unhealthy, "redirected to another host, where the body is not sent")
	if seen != "" {
		t.Errorf("the other host got %s", seen)
	}
}

func TestJSONRules(t *testing.T) {
	s := site(t)
	number := func(f float64) *float64 { return &f }
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		rule probe.JSONRule
		says string // "" when all is well
	}{
		"text":             {probe.JSONRule{Path: "$.status", Equals: text("healthy")}, ""},
		"other text":       {probe.JSONRule{Path: "$.status", Equals: text("up")}, `$.status is "healthy", expected up`},
		"matches":          {probe.JSONRule{Path: "status", Matches: "^heal"}, ""},
		"does not match":   {probe.JSONRule{Path: "status", Matches: "^up"}, `which does not match "^up"`},
		"number":           {probe.JSONRule{Path: "$.n", Equals: text("5.0")}, ""},
		"large number":     {probe.JSONRule{Path: "$.big", Equals: text("9007199254740993")}, ""},
		"next number":      {probe.JSONRule{Path: "$.big", Equals: text("9007199254740992")}, "is 9007199254740993, expected"},
		"true":             {probe.JSONRule{Path: "$.up", Equals: text("true")}, ""},
		"not false":        {probe.JSONRule{Path: "$.up", Equals: text("false")}, "$.up is true, expected false"},
		"null":             {probe.JSONRule{Path: "$.none", Equals: text("null")}, ""},
		"empty is not":     {probe.JSONRule{Path: "$.status", Equals: text("")}, `is "healthy", expected `},
		"element":          {probe.JSONRule{Path: "$.items[1].name", Equals: text("b")}, ""},
		"last element":     {probe.JSONRule{Path: "$.items[-1]['name']", Equals: text("b")}, ""},
		"whole object":     {probe.JSONRule{Path: "$.items[0]", Equals: text(`{"name":"a"}`)}, ""},
		"no such element":  {probe.JSONRule{Path: "$.items[2].name"}, "$.items, a list of 2, has no element 2"},
		"no such member":   {probe.JSONRule{Path: "$.items[0].id"}, `$.items[0] has no "id"`},
		"through a number": {probe.JSONRule{Path: "$.n.x"}, `$.n is 5 and has no "x"`},
		"there":            {probe.JSONRule{Path: "$.none"}, ""},
		"within":           {probe.JSONRule{Path: "$.n", Min: number(5), Max: number(5)}, ""},
		"below":            {probe.JSONRule{Path: "$.n", Min: number(6)}, "$.n is 5, below 6"},
		"above":            {probe.JSONRule{Path: "$.n", Max: number(4.5)}, "$.n is 5, above 4.5"},
		"no number":        {probe.JSONRule{Path: "$.status", Max: number(1)}, "which is not a number"},
	} {
		t.Run(name, func(t *testing.T) {
			o := get(s.URL + "/ok")
			o.JSON = []probe.JSONRule{c.rule}
			if c.says == "" {
				want(t, ask(t, o), checks.Healthy, "")
			} else {
				want(t, ask(t, o), checks.Unhealthy, c.says)
			}
		})
	}
}

// A careless page repeats what it was sent, at the worst places.
func TestNoSecretIsShown(t *testing.T) {
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, password, _ := r.BasicAuth()
		text := fmt.Sprint(r.URL, r.Header, string(body), password)
		if r.URL.Query().Has("redirect") {
			w.Header().Set("Location", "http://127.0.0.1:1/?again="+r.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
			return
		}
		fmt.Fprintf(w, `{"said": %q}`, text)
	}))
	defer careless.Close()
	never := "never"
	for _, address := range []string{
		careless.URL + "/?api_key=MARKED-key", careless.URL + "/?redirect=1&api_key=MARKED-key",
		strings.Replace(careless.URL, "//", "//user:MARKED-word@", 1) + "/?session=MARKED%2Fx",
		"http://user:MARKED@127.0.0.1:1/?a=MARKED", "http://user:MARKED@no-such-host.invalid/?a=MARKED",
	} {
		o := get(address)
		o.Headers = []probe.Header{{Name: "X-Api-Key", Value: "MARKED/header"}}
		o.Method, o.Body = "PUT", "MARKED-body"
		if !strings.Contains(address, "@") {
			o.BasicAuth = probe.BasicAuth{Username: "u", Password: "MARKED-basic"}
		}
		o.JSON = []probe.JSONRule{{Path: "$.said", Equals: &never}}
		got := ask(t, o)
		all := fmt.Sprint(got.Summary, got.Hint, got.Error, got.Facts, check(t, o).Help, check(t, o).Name)
		if strings.Contains(all, "MARKED") || got.Status != checks.Unhealthy {
			t.Errorf("%s: %v %s", strings.ReplaceAll(address, "MARKED", "…"), got.Status, all)
		}
	}
}
