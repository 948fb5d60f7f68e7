kind = "provisioned" # of modules/kafka
