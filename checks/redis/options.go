// Package redis asks whether a Redis or Valkey server works: one server, the
// master behind Sentinels, or all of a cluster.
//
// Its rules: it only reads, and nothing whose cost grows with the data; it
// holds at most one connection to each server; it asks everything in one round
// trip; it retries nothing, since a server that answers only the second time
// is worth hearing about.
package redis

import (
	"cmp"

	"vitals/checks"
)

// The values of Options.Mode.
const (
	ModeAuto     = "auto"
	ModeSingle   = "single"
	ModeSentinel = "sentinel"
	ModeCluster  = "cluster"
)

// Options are the settings of one Redis or Valkey.
type Options struct {
	Name             string        `mapstructure:"name" help:"tells several servers apart: the check is called redis@NAME; empty for the application's own"`
	URL              checks.Secret `mapstructure:"url" help:"address, such as redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/to/socket"`
	Mode             string        `mapstructure:"mode" oneof:"auto,single,sentinel,cluster" help:"what the address leads to: single, sentinel or cluster; auto means sentinel with master_name, cluster with addresses alone, else single"`
	Addresses        []string      `mapstructure:"addresses" help:"host:port of the Sentinels, or of some nodes of the cluster"`
	MasterName       string        `mapstructure:"master_name" help:"the name under which the Sentinels know the master"`
	Username         string        `mapstructure:"username" help:"ACL user; empty for the one of the address, or else the default user"`
	Password         checks.Secret `mapstructure:"password" help:"password; empty for the one of the address"`
	SentinelUsername string        `mapstructure:"sentinel_username" help:"ACL user of the Sentinels"`
	SentinelPassword checks.Secret `mapstructure:"sentinel_password" help:"password of the Sentinels"`
	DB               int           `mapstructure:"db" help:"database number whose keys are counted; 0 for the one of the address"`
	TLS              TLSOptions    `mapstructure:"tls" help:"how TLS is spoken"`

	MemoryDegradedPercent   float64 `mapstructure:"memory_degraded_percent" help:"degraded from this share of maxmemory; not judged without maxmemory or where an allkeys policy evicts; 0 for never"`
	MemoryUnhealthyPercent  float64 `mapstructure:"memory_unhealthy_percent" help:"unhealthy from this share of maxmemory; 0 for never"`
	ClientsDegradedPercent  float64 `mapstructure:"clients_degraded_percent" help:"degraded from this share of maxclients connected; 0 for never"`
	ClientsUnhealthyPercent float64 `mapstructure:"clients_unhealthy_percent" help:"unhealthy from this share of maxclients connected; 0 for never"`

	checks.Common `mapstructure:",squash"`
}

// TLSOptions say how TLS is spoken with the server.
type TLSOptions struct {
	Enabled            bool   `mapstructure:"enabled" help:"speak TLS; rediss:// and ca_file do so by themselves"`
	CAFile             string `mapstructure:"ca_file" path:"true" help:"certificates (PEM) of the authorities to trust instead of the system's"`
	CertFile           string `mapstructure:"cert_file" path:"true" help:"client certificate (PEM)"`
	KeyFile            string `mapstructure:"key_file" path:"true" help:"the client certificate's private key (PEM)"`
	ServerName         string `mapstructure:"server_name" help:"the name the certificate must have; empty means the host of the address"`
	InsecureSkipVerify bool   `mapstructure:"insecure_skip_verify" help:"accept any certificate; whoever sits between can then read the password"`
}

// DefaultOptions returns the options of a server without its address.
//
// 90 % of maxmemory and of maxclients are what monitoring tools for Redis
// commonly warn at. Neither makes the server unhealthy: until it is full it
// serves everybody.
func DefaultOptions() Options {
	return Options{
		Mode:                   ModeAuto,
		MemoryDegradedPercent:  90,
		ClientsDegradedPercent: 90,
		Common:                 checks.Common{Critical: true},
	}
}

// mode is the mode in force.
func (o *Options) mode() string {
	switch mode := cmp.Or(o.Mode, ModeAuto); {
	case mode != ModeAuto:
		return mode
	case o.MasterName != "":
		return ModeSentinel
	case len(o.Addresses) > 0:
		return ModeCluster
	}
	return ModeSingle
}

// configured tells whether there is a server to look at.
func (o *Options) configured() bool { return o.URL != "" || len(o.Addresses) > 0 }
