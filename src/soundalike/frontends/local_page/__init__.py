"""What pages that run on this machine share: answers of their APIs, protection, style and elements (`page/`)."""
