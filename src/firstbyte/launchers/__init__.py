"""Start, watch and stop what runs beside the host: instances, and the object store."""
