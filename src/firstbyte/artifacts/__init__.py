"""Where models lie: the shipped demo, local folders, the Hugging Face hub, S3 prefixes and archives."""
