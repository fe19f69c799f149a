"""The host's HTTP surface: the only room that knows both the wire (`aws`) and the control plane (`hosting`)."""
