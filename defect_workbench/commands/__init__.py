"""The commands of the command line, one module each: `add` declares the options, `run` does the job."""
