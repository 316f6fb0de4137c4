"""The processes of a training: how they are started, what they do, what they leave."""
