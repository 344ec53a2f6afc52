package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"sync"
)

//go:embed templates
var pageFiles embed.FS

// pageParts are the status page's templates with its style and script, which
// the security policy names by their digests: a page that carried another
// script would not run it.
type pageParts struct {
	template *template.Template
	style    template.CSS
	script   template.JS
	policy   string
}

var loadPage = sync.OnceValues(func() (pageParts, error) {
	style, err := pageFiles.ReadFile("templates/status.css")
	if err != nil {
		return pageParts{}, err
	}
	script, err := pageFiles.ReadFile("templates/status.js")
	if err != nil {
		return pageParts{}, err
	}
	t, err := template.ParseFS(pageFiles, "templates/*.tmpl")
	return pageParts{
		template: t, style: template.CSS(style), script: template.JS(script),
		policy: "default-src 'none'; style-src '" + digest(style) + "'; script-src '" + digest(script) +
			"'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'",
	}, err
})

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// PagePolicy is the Content-Security-Policy of the pages: nothing from
// elsewhere, no script or style but their own, nobody's frame.
func PagePolicy() (string, error) {
	p, err := loadPage()
	return p.policy + "; frame-ancestors 'none'", err
}

// pageFrame is what all pages have in common.
type pageFrame struct {
	Title, Environment, Version string
	Icon                        template.URL
	Policy                      string // "" where the server sends it
	Refresh                     bool   // ask for news now and then
	Style                       template.CSS
	Script                      template.JS
	Status                      string
	Body                        any
}

func writePage(w io.Writer, name string, f pageFrame) error {
	p, err := loadPage()
	if err != nil {
		return err
	}
	f.Style, f.Script, f.Icon = p.style, p.script, pageIcon(f.Status)
	if !f.Refresh {
		f.Policy = p.policy
	}
	return p.template.ExecuteTemplate(w, name, f)
}

// pageIcon is a small picture for the browser's tab, in the colour of a status.
func pageIcon(status string) template.URL {
	colour := map[string]string{"healthy": "2a9d6a", "degraded": "d08a17", "unhealthy": "d23b40"}[status]
	if colour == "" {
		colour = "8a63c9"
	}
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#` + colour +
		`"/><path d="M2.5 8.5h3l1.5-4 2 7 1.5-3h3" fill="none" stroke="#fff" stroke-width="1.5"/></svg>`
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg)))
}

// WriteStatusPage writes the status page: HTML that needs nothing from
// elsewhere and no script.
func WriteStatusPage(w io.Writer, p StatusPage, v View) error {
	body := statusBody(p, v)
	title := body.Headline
	if p.Environment != "" {
		title += " · " + Clean(p.Environment)
	}
	return writePage(w, "status", pageFrame{
		Title: title, Environment: Clean(p.Environment), Version: Clean(p.Version), Refresh: !p.Static, Status: body.Status, Body: body,
	})
}

// WriteIncidentPage writes the page of one incident.
func WriteIncidentPage(w io.Writer, p IncidentPage, v View) error {
	body := incidentBody(p, v)
	return writePage(w, "incident", pageFrame{
		Title: body.Description, Environment: Clean(p.Environment), Version: Clean(p.Version), Refresh: true, Status: body.Tone, Body: body,
	})
}

// WriteMissingPage writes the page for an address that leads nowhere.
func WriteMissingPage(w io.Writer, what string) error {
	return writePage(w, "missing", pageFrame{Title: what, Status: "unknown", Refresh: true, Body: what})
}
