"""Label Studio: the one room that knows its tasks, projects, results and regions."""
