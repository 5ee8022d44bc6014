"""HTTP: keeps what production built and hands it out. Requests in, stored state and JSON out."""
