"""What a module finds around it: the folder it works in, files that are not its own, its processes and tool servers."""
