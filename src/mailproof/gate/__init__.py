"""The gate: from what a control said to a verdict, from verdicts to a decision."""
