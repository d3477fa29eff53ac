"""What every control says of made-up observations: one table for each family of the catalogue."""
