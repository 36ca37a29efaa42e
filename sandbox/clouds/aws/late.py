"""Loads what the SDK loads at its first call; run by a fork server before it forks pods that may read no more files."""

import boto3

boto3.client("s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106
