"""The door to models: stages ask for replies here. Nothing else imports vllm or generates with transformers."""
