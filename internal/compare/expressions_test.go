package compare

import "strings"

// expressions are asked both about moments and about stretches of time.
func expressions() []string {
	return lines(selectors + counters + overTime + aggregations + operators + functions + usual)
}

// lines are those with something on them.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// The lists have one expression a line, by what it is about. All of them are
// known to Prometheus 2.42 and are answered somewhere with a value.

const selectors = `
temperature
temperature{room="hall"}
temperature{room!="hall"}
temperature{room=~"h.*|c.+"}
temperature{room!~"h.*|c.+"}
temperature{room=~".*",floor=~"[0-9]"}
{__name__="temperature",floor="-1"}
{__name__=~"memory_.*bytes",instance="a"}
{job="api",__name__!~"requests_total|latency.*"}
count({__name__!=""})
names{text=""}
names{text!=""}
names{path="/a/b?c=d"}
names{path=~"/a/.+"}
names{text=~"Grü.e.*"}
names{nothing=""}
requests_total{job=~"api|web",code!="200",instance!~"c"}
temperature offset 5m
temperature offset -5m
temperature offset 1h1m
requests_total{instance="c"} offset 10m
temperature @ 1700003607.3
temperature @ start()
temperature @ end()
temperature @ 1700003607.3 offset 10m
sum(rate(requests_total[5m] @ end()))
rate(requests_total{code="500"}[5m] @ 1700003607.3)
rate(requests_total[5m] offset 7m)
sparse
single
odd{kind=~"nan|inf|-inf"}
vitals_check_status
vitals_check_failed{check="database"} == 1
vitals_probe_seconds
vitals_disk_free_ratio{mount="/"} < 0.4
`

const counters = `
rate(requests_total[1m])
rate(requests_total[5m])
rate(requests_total{job="api",instance="b"}[30m])
rate(requests_total[1h])
increase(requests_total[5m])
increase(requests_total{job="db"}[45m])
increase(slow_total[10m])
rate(large_total[5m])
irate(requests_total[1m])
irate(requests_total{instance="c"}[30m])
delta(temperature[10m])
delta(memory_bytes[1h])
idelta(temperature[5m])
idelta(odd{kind="minus"}[1m])
deriv(temperature[10m])
deriv(memory_bytes[1h])
predict_linear(memory_bytes[30m], 3600)
predict_linear(vitals_disk_free_ratio[1h], 4 * 3600)
predict_linear(vitals_disk_free_ratio{mount="/"}[30m], 4 * 3600) < 0
resets(requests_total{code="200"}[1h])
changes(requests_total{code="500"}[10m])
changes(odd[10m])
changes(levels[5m])
rate(odd{kind=~"minus|huge|tiny|zero"}[10m])
rate(odd{kind=~"inf|nan|mixed"}[10m])
rate(sparse[20m])
increase(sparse[1h])
rate(latency_seconds_sum[5m]) / rate(latency_seconds_count[5m])
`

const overTime = `
avg_over_time(temperature[10m])
min_over_time(temperature[10m])
max_over_time(temperature[10m])
sum_over_time(temperature{room!="office"}[10m])
count_over_time(temperature[10m])
count_over_time({job="api",__name__=~"sparse|nothing"}[2h])
stddev_over_time(temperature{room!="office"}[20m])
stdvar_over_time(temperature{room!="office"}[20m])
quantile_over_time(0.9, temperature[20m])
quantile_over_time(0, memory_bytes[20m])
quantile_over_time(1, memory_bytes[20m])
quantile_over_time(1.5, memory_bytes[20m])
quantile_over_time(-1, memory_bytes[20m])
quantile_over_time(0.5, odd{kind!~"-inf|inf|mixed"}[10m])
last_over_time(sparse[10m])
last_over_time({__name__=~"single|sparse"}[2h])
present_over_time(single[1h])
absent_over_time(sparse[5m])
absent_over_time(nothing_of_the_kind{job="api",instance=~"a.*"}[5m])
avg_over_time(odd[10m])
sum_over_time(odd[10m])
min_over_time(odd[5m])
max_over_time(odd[5m])
avg_over_time(vitals_check_failed[30m])
avg_over_time(up{job="db"}[1h])
max_over_time(vitals_check_status[15m]) > 1
max_over_time(rate(requests_total[5m])[30m:1m])
min_over_time(sum by (job) (rate(requests_total[2m]))[20m:45s])
avg_over_time(temperature[1h:5m])
sum_over_time((temperature > 20)[30m:1m])
count_over_time(sparse[1h:1m])
count_over_time(up[10m:])
increase(sum(requests_total{job="web",instance="c"} + 1e5)[30m:1m])
deriv(temperature[30m:2m])
quantile_over_time(0.95, sum(rate(requests_total[5m]))[1h:1m])
max_over_time(deriv(memory_bytes[5m])[20m:30s] offset 10m)
max_over_time(temperature[20m:1m] @ 1700003607.3)
avg_over_time(max_over_time(temperature[5m1s:30s])[20m:7m])
stddev_over_time((temperature{room="hall"} * 2)[30m:30s])
last_over_time(label_replace(temperature, "room", "x-$1", "room", "(.*)")[10m:1m])
`

const aggregations = `
sum(requests_total)
sum by (job) (requests_total)
sum by (job, code) (rate(requests_total[5m]))
sum without (instance, code) (requests_total)
sum by (nothing) (temperature)
sum by () (temperature)
sum without () (temperature)
avg(temperature)
avg by (job) (rate(requests_total[5m]))
min by (job) (requests_total)
max without (instance) (requests_total)
count by (job) (requests_total)
count by (__name__) ({job="api"})
group by (job) (requests_total)
stddev(requests_total{job="db"})
stdvar by (code) (requests_total)
quantile(0.5, requests_total)
quantile by (job) (0.9, rate(requests_total[5m]))
quantile(scalar(limit{job="api"}) / 250, requests_total)
quantile(2, temperature)
topk(3, requests_total)
topk by (job) (1, rate(requests_total{code="200"}[5m]))
bottomk(2, temperature)
bottomk by (floor) (1, temperature)
topk(2, odd{kind!~"huge|mixed|sometimes"})
topk(scalar(limit{job="api"} or on () vector(200)) / 50, temperature)
count_values("level", levels)
count_values by (kind) ("level", levels)
count_values("version", build_info)
count_values without (kind) ("x", odd{kind=~"zero|inf|-inf"})
sum(odd)
sum(odd{kind=~"minus|zero"})
avg(odd{kind=~"huge|zero"})
max(odd)
min(odd)
max(odd{kind="nan"})
count(odd)
sum(rate(requests_total{code=~"5.."}[5m])) by (job) / sum(rate(requests_total[5m])) by (job)
`

const operators = `
1 + 2 * 3 ^ 2 % 5 - 4 / 8
-temperature
+temperature
2 ^ 3 ^ 2
temperature * 2 + 1
100 - temperature % 7
temperature / 0
-7 % 3
memory_bytes / memory_max_bytes
memory_bytes / on (job, instance) memory_max_bytes
memory_bytes - ignoring (job) memory_max_bytes
requests_total / on (job) group_left limit
requests_total * on (job) group_left (version) build_info
limit - on (job) group_right () requests_total{code="200"}
sum by (job) (requests_total) / ignoring (version) group_right () build_info
requests_total{code="500"} / ignoring (code) requests_total{code="200"}
temperature > 20
temperature >= bool 20
temperature == 21.5
temperature != bool 21.5
temperature < -5
20 < temperature
20 < bool temperature
1 > bool 2
scalar(limit{job="api"}) == bool 100
temperature > bool on (room) temperature offset 5m
temperature > temperature offset 5m
memory_bytes > memory_max_bytes
memory_bytes > bool memory_max_bytes
up == 0
up and on (job) limit > 150
requests_total and on (job) up == 0
temperature and temperature > 20
temperature unless temperature > 20
requests_total unless on (job) up == 0
temperature{room="hall"} or temperature{room="cellar"}
sparse or up{job="api"}
temperature or on (room) limit
limit or vector(1)
(temperature > 20) or (temperature < 0)
odd == odd
odd != odd
odd > 0
odd{kind="inf"} - odd{kind="inf"}
temperature atan2 on (room) temperature offset 5m
temperature ^ 2 atan2 2
sum(up) / count(up) < 1
vitals_check_failed == 1 unless on (check) vitals_check_failed offset 5m == 1
(vitals_check_status > bool 1) + on (check) vitals_check_failed
`

const functions = `
histogram_quantile(0.5, latency_seconds_bucket)
histogram_quantile(0.95, rate(latency_seconds_bucket[5m]))
histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[10m])))
histogram_quantile(0.01, sum by (le, job) (increase(latency_seconds_bucket[10m])))
histogram_quantile(1, latency_seconds_bucket)
histogram_quantile(0, latency_seconds_bucket)
histogram_quantile(-1, latency_seconds_bucket)
histogram_quantile(2, latency_seconds_bucket)
histogram_quantile(0.5, latency_seconds_bucket{le!="+Inf"})
histogram_quantile(0.5, latency_seconds_bucket{le=~"0.5|[+]Inf"})
abs(odd{kind!="huge"})
ceil(temperature)
floor(temperature)
round(temperature)
round(temperature, 0.25)
round(temperature, 5)
sqrt(temperature)
exp(temperature)
ln(temperature)
log2(memory_bytes)
log10(memory_bytes)
ln(odd{kind=~"zero|minus|nan"})
sgn(temperature)
sgn(odd)
clamp(temperature, 0, 20)
clamp(temperature, 20, 0) or vector(3)
clamp_min(temperature, 18)
clamp_max(temperature, 18)
sin(temperature) + cos(temperature) + tan(temperature)
asin(temperature / 100) + acos(temperature / 100) + atan(temperature)
sinh(temperature / 10) + cosh(temperature / 10) + tanh(temperature)
asinh(temperature) + acosh(limit{job="api"}) or atanh(temperature / 100)
deg(temperature) + rad(temperature)
pi()
absent(sparse)
absent(nothing_of_the_kind{job="api",room=~"x.*"})
absent(temperature{room="garage"})
absent(sum(nothing_of_the_kind))
scalar(limit{job="db"})
scalar(temperature)
vector(42)
vector(scalar(limit{job="api"}))
time()
time() - timestamp(temperature)
timestamp(sparse)
timestamp(temperature offset 3m)
timestamp(temperature * 1)
minute()
hour()
day_of_week()
day_of_month()
day_of_year()
days_in_month()
month()
year()
hour(vector(0)) + minute(vector(1234567890))
day_of_week(timestamp(temperature))
year(memory_bytes)
days_in_month(vector(1709164800))
hour() >= 22 or hour() < 6
label_replace(temperature, "where", "$1/$2", "room", "(.)(.*)")
label_replace(temperature, "where", "x", "room", "nothing")
label_replace(temperature, "room", "", "room", ".*")
label_replace(up, "instance", "$1", "instance", "(.*):.*")
label_replace(up, "new", "${name}!", "instance", "(?P<name>.*):.*")
label_join(temperature, "place", "-", "floor", "room")
label_join(up, "place", ",", "job", "nothing", "instance")
label_join(up, "job", "")
sort(temperature)
sort_desc(temperature)
sort(levels{kind=~"c|d"})
sort_desc(rate(requests_total{code="200",instance="c"}[5m]))
42
-Inf
NaN
0x1F
1e3
`

// momentary are those that have no answer about a stretch of time.
const momentary = `
"a text"
"a \"text\" of\ttwo words"
temperature[2m]
requests_total{job="api",code="500"}[1m] offset 5m
temperature{room="hall"}[2m] @ 1700003607.3
rate(requests_total{instance="a",code="200"}[5m])[20m:5m]
(temperature > 20)[10m:1m]
odd[1m]
`

// usual are what rules and dashboards ask most.
const usual = `
sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m])) * 100 > 0.5
histogram_quantile(0.95, sum by (job, le) (rate(latency_seconds_bucket[5m]))) > 0.5
avg_over_time(up{job="db"}[5m]) < 0.9
sum by (job) (increase(requests_total[1h]))
sum(increase(requests_total[30m])) - sum(increase(requests_total[30m] offset 30m))
rate(requests_total[5m]) > 2 * rate(requests_total[5m] offset 1h)
abs(temperature - avg_over_time(temperature[1h])) > stddev_over_time(temperature[1h])
(time() - max by (check) (timestamp(vitals_check_status))) > 60
max_over_time(vitals_check_failed{check="database"}[5m]) == 1 and on (check) min_over_time(vitals_check_failed[1m]) == 1
count by (check) (vitals_check_failed == 1) > 0
count_over_time((vitals_check_failed == 1)[30m:30s]) >= 3
1 - avg_over_time(vitals_check_failed{check="database"}[1h])
(sum(rate(requests_total{code="500"}[1h])) / sum(rate(requests_total[1h])) > 14.4 * 0.001) and (sum(rate(requests_total{code="500"}[5m])) / sum(rate(requests_total[5m])) > 14.4 * 0.001)
topk(5, sum by (job, instance) (rate(requests_total[5m])))
label_replace(sum by (job) (requests_total), "service", "$1", "job", "(.*)") * on (service) group_left () label_replace(limit, "service", "$1", "job", "(.*)")
`
