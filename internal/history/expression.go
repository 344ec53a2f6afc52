package history

import "vitals/alerting"

// ExpressionError says what is wrong with a PromQL expression, or why it has
// no answer.
type ExpressionError = alerting.ExpressionError
