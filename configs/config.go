// Package configs reads the configuration: defaults, then a YAML file, then
// the environment, then flags, each over the one before. It is strict and
// reports every error at once, with file, line and key; see walk.go. The
// structs below and the option structs of the checks drive everything: what is
// accepted, the environment variables, the JSON Schema, the reference and the
// commented default file vitals.yaml beside this file.
package configs

import (
	"path/filepath"
	"time"

	_ "time/tzdata" // so that timezone works on machines and in images without a time zone database

	"vitals/alerting"
	"vitals/checks"
	"vitals/checks/host"
	"vitals/checks/redis"
)

// Config is the configuration in force.
type Config struct {
	Timezone    string        `mapstructure:"timezone" help:"time zone of what people read, such as Asia/Kolkata; empty means the machine's"`
	Environment string        `mapstructure:"environment" help:"where this runs, such as production or development"`
	DataDir     string        `mapstructure:"data_dir" path:"true" help:"folder of history and logs; empty means /var/lib/vitals for root and ~/.local/state/vitals for others"`
	Timeout     time.Duration `mapstructure:"timeout" help:"hard deadline of each check that sets none"`
	Concurrency int           `mapstructure:"concurrency" help:"how many checks are asked at a time"`

	Database     DatabaseOptions   `mapstructure:"database" help:"the application's database: PostgreSQL or SQLite"`
	Databases    []DatabaseOptions `mapstructure:"databases" help:"further databases, each with a name"`
	Redis        redis.Options     `mapstructure:"redis" help:"the application's Redis or Valkey"`
	RedisServers []redis.Options   `mapstructure:"redis_servers" help:"further Redis or Valkey servers, each with a name"`

	FileSystem host.FileSystemOptions `mapstructure:"file_system" help:"folders that the application writes to"`
	Memory     host.MemoryOptions     `mapstructure:"memory" help:"memory of the machine, or of the container"`
	CPU        host.CPUOptions        `mapstructure:"cpu" help:"processor time of the machine, or of the container"`
	Disk       host.DiskOptions       `mapstructure:"disk" help:"space and inodes of each mounted disk"`
	Load       host.LoadOptions       `mapstructure:"load" help:"load average of the machine"`
	Network    host.NetworkOptions    `mapstructure:"network" help:"network interfaces of the machine"`
	Processes  []host.ProcessOptions  `mapstructure:"processes" help:"processes that must run"`
	Probes     []Probe                `mapstructure:"probes" help:"what is asked from outside, each with a kind and a name"`

	Channels []Channel        `mapstructure:"channels" help:"ways to tell somebody, each with a kind and a name"`
	Alerting AlertingOptions  `mapstructure:"alerting" help:"what somebody is told of"`
	Contacts []ContactOptions `mapstructure:"contacts" help:"whom to call, in this order: the tech lead, DevOps, the database administrator"`

	Incidents IncidentOptions `mapstructure:"incidents" help:"what Vitals does about incidents by itself"`
	Schedule  ScheduleOptions `mapstructure:"schedule" help:"what runs by the clock in vitals serve, or from cron by vitals schedule install"`

	History HistoryOptions `mapstructure:"history" help:"what is kept of results"`
	Serve   ServeOptions   `mapstructure:"serve" help:"vitals serve"`
	Log     LogOptions     `mapstructure:"log" help:"the log of Vitals itself"`

	file     string
	location *time.Location
	places   map[string]Place
	policy   alerting.Policy
	jobs     []Job
	secrets  func() []checks.Secret // a function, because fmt prints what is inside unexported fields
}

// HistoryOptions say what is kept of results, and how long.
type HistoryOptions struct {
	Disabled     bool          `mapstructure:"disabled" help:"keep nothing"`
	Path         string        `mapstructure:"path" path:"true" help:"the file; empty means history.db in data_dir"`
	URL          checks.Secret `mapstructure:"url" help:"postgres://user:password@host:5432/name: the history is kept there instead of in a file, for several replicas that share it"`
	RawRetention time.Duration `mapstructure:"raw_retention" help:"how long each result and sample is kept; older ones are kept by the hour"`
	Retention    time.Duration `mapstructure:"retention" help:"how long hours, incidents and answers are kept"`
	MaxSize      int64         `mapstructure:"max_size" unit:"bytes" help:"the history is kept below this size by removing the oldest; 0 means no limit"`
}

// ServeOptions are those of `vitals serve`.
type ServeOptions struct {
	Listen          string        `mapstructure:"listen" help:"address and port to listen on"`
	TLSCertFile     string        `mapstructure:"tls_cert_file" path:"true" help:"certificate chain (PEM); with it, HTTPS is spoken"`
	TLSKeyFile      string        `mapstructure:"tls_key_file" path:"true" help:"the certificate's private key (PEM)"`
	PublicURL       string        `mapstructure:"public_url" help:"address at which people reach this server; messages lead there"`
	Token           checks.Secret `mapstructure:"token" help:"bearer token of admin and writing routes; empty closes them"`
	AllowedOrigins  []string      `mapstructure:"allowed_origins" help:"further hosts whose pages may open /ws/metrics in a browser, such as ops.example.com or *.example.com"`
	Interval        time.Duration `mapstructure:"interval" help:"how often each check runs that sets no interval"`
	HealthMaxAge    time.Duration `mapstructure:"health_max_age" help:"/health answers with results up to this old without asking again"`
	ShutdownTimeout time.Duration `mapstructure:"shutdown_timeout" help:"how long requests under way may take at the end"`
}

// LogOptions are those of Vitals' own log.
type LogOptions struct {
	Disabled bool   `mapstructure:"disabled" help:"write no log files; standard error still gets the lines of serve"`
	Level    string `mapstructure:"level" oneof:"debug,info,warn,error" help:"the least important lines to write: debug, info, warn or error"`
	Dir      string `mapstructure:"dir" path:"true" help:"folder of app.log; empty means logs in data_dir"`
}

// Default returns the configuration without any file, environment or flags.
// DataDir is empty: it depends on who runs Vitals, see Load.
func Default() *Config {
	return &Config{
		Environment: "production",
		Timeout:     10 * time.Second,
		Concurrency: 16,
		Database:    DefaultDatabaseOptions(),
		Redis:       redis.DefaultOptions(),
		FileSystem:  host.DefaultFileSystemOptions(),
		Memory:      host.DefaultMemoryOptions(),
		CPU:         host.DefaultCPUOptions(),
		Disk:        host.DefaultDiskOptions(),
		Load:        host.DefaultLoadOptions(),
		Network:     host.DefaultNetworkOptions(),
		History:     HistoryOptions{RawRetention: 14 * 24 * time.Hour, Retention: 400 * 24 * time.Hour, MaxSize: 1 << 30},
		Serve: ServeOptions{
			Listen: "127.0.0.1:8080", Interval: 30 * time.Second,
			HealthMaxAge: time.Second, ShutdownTimeout: 10 * time.Second,
		},
		Log:       LogOptions{Level: "info"},
		Alerting:  defaultAlerting(),
		Incidents: IncidentOptions{DefaultResponses: true},
		location:  time.Local,
	}
}

// File is the path of the configuration file that was read, "" for none.
func (c *Config) File() string { return c.file }

// Location is the time zone of what people read.
func (c *Config) Location() *time.Location { return c.location }

// HistoryPath is the file of the history.
func (c *Config) HistoryPath() string {
	if c.History.Path != "" {
		return c.History.Path
	}
	return filepath.Join(c.DataDir, "history.db")
}

// LogDir is the folder of Vitals' own log files.
func (c *Config) LogDir() string {
	if c.Log.Dir != "" {
		return c.Log.Dir
	}
	return filepath.Join(c.DataDir, "logs")
}

// Secrets are all secret values that any layer holds, also those that another
// layer overrides: what a Redactor must know.
func (c *Config) Secrets() []checks.Secret {
	if c.secrets == nil {
		return nil
	}
	return c.secrets()
}
