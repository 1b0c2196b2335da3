"""HTTP as systems speak it: the client, who it may talk to, how it logs in, what it answers."""
