"""What would run, from words to unique stage runs; pure but for the frozen sweep, which it writes and reads."""
