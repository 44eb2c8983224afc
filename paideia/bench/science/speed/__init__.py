"""`--speed`: seconds and peak memory beside other libraries."""
