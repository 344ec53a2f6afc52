package checks

// Table is rows of typed columns inside a Result.
type Table struct {
	Name    string // snake_case, such as slow_queries
	Columns []Column
	Rows    [][]any // each as long as Columns, each value of its column's kind or nil
}

// Column names and types one column of a Table.
type Column struct {
	Name string
	Kind Kind
}

// Key is the column's name in JSON, YAML and CSV: the unit last.
func (c Column) Key() string { return key(c.Name, c.Kind) }

// Add appends a row.
func (t *Table) Add(values ...any) { t.Rows = append(t.Rows, values) }
