"""One module per service: what moto lacks, or only pretends to do, done over the world's real parts."""

OVERLAYS = {
    "acm": "acm",
    "autoscaling": "autoscaling",
    "backup": "backup",
    "ec2": "ec2",
    "eks": "eks",
    "elb": "elbv2",  # moto serves both generations of load balancers at one address
    "elbv2": "elbv2",
    "kms": "kms",
    "rds": "rds",
    "route53": "route53",
    "s3": "s3",
    "wafv2": "wafv2",
}
"""moto's name of a service -> the overlay module"""
