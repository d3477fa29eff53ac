"""What every control says of made-up observations: a table for each module of the catalogue, in one of its name."""
