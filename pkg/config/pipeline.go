package config

import "time"

// Pipeline holds the settings of the whole pipeline. A service embeds the sections
// that it uses into its command line struct; the file may hold all of them.
type Pipeline struct {
	Kafka     Kafka     `yaml:"kafka" help:"How the Kafka cluster is reached. The password is never written here: set SALES_KAFKA_SASL_PASSWORD or sasl_password_file."`
	Lake      Lake      `yaml:"lake" help:"Where the Parquet files are. S3 credentials come from the AWS environment or role."`
	Catalogue Catalogue `yaml:"catalogue" help:"The known categories and regions, in the spelling that silver writes."`
	Schema    Schema    `yaml:"schema" help:"Fields of events beyond the contract that get a column of their own in bronze and silver. Others are kept in _rescued. Columns are only ever added: a lake that has one refuses services that do not know it."`
	HTTP      HTTP      `yaml:"http" help:"The server of /metrics, /livez and /readyz."`
	Log       Log       `yaml:"log" help:"The log, on standard error."`
	Producer  Producer  `yaml:"producer" help:"The load that the producer makes."`
	Bronze    Bronze    `yaml:"bronze" help:"When bronze-writer closes a file, and what it refuses."`
	Silver    Silver    `yaml:"silver" help:"When silver-etl commits, and how long replaced files are kept; gold-aggregator keeps its own as long."`
	Gold      Gold      `yaml:"gold" help:"When gold-aggregator commits, what it keeps in memory, and when a day is published."`
	DQ        DQ        `yaml:"dq" help:"What dq-checker judges by, and what it keeps."`
	Warehouse Warehouse `yaml:"warehouse" help:"What redshift-loader loads, and where to. The password is never written here: set SALES_WAREHOUSE_PASSWORD or password_file."`
}

// MSKIAM is the sasl_mechanism with which Amazon MSK knows its clients by their roles.
const MSKIAM = "aws-msk-iam"

// Kafka says how the cluster is reached.
type Kafka struct {
	Brokers            []string      `yaml:"brokers" value:"localhost:9092" help:"Brokers to start from, host:port each."`
	ClientID           string        `yaml:"client_id" value:"saleslake" help:"Name under which the brokers log and limit this client."`
	SecurityProtocol   string        `yaml:"security_protocol" value:"plaintext" oneof:"plaintext,ssl,sasl_plaintext,sasl_ssl" help:"How connections are secured."`
	SASLMechanism      string        `yaml:"sasl_mechanism" value:"scram-sha-512" oneof:"plain,scram-sha-256,scram-sha-512,aws-msk-iam" help:"How to log in; used with the sasl_* protocols. aws-msk-iam takes credentials and region from the AWS environment or role, and neither user nor password."`
	SASLUsername       string        `yaml:"sasl_username" value:"" help:"User to log in as."`
	SASLPasswordFile   string        `yaml:"sasl_password_file" value:"" help:"File that holds the password, such as a mounted secret."`
	SASLPassword       Secret        `yaml:"-" secret:"sasl_password" kong:"-" file:"SASLPasswordFile" help:"Password to log in with."`
	CAFile             string        `yaml:"ca_file" value:"" help:"PEM file of the authorities that sign the brokers' certificates; empty for the system's."`
	Replication        int           `yaml:"replication" value:"-1" min:"-1" max:"15" help:"Replicas of each topic that is created; -1 for the broker's default."`
	TransactionTimeout time.Duration `yaml:"transaction_timeout" value:"30s" min:"1s" max:"15m" help:"Time after which the broker aborts an open transaction. An open transaction holds back every reader of its partitions, so keep it short."`
	SessionTimeout     time.Duration `yaml:"session_timeout" value:"15s" min:"1s" max:"30m" help:"Silence after which a group gives an instance's partitions to others."`
	Instance           string        `yaml:"instance" value:"" help:"Stable name of this instance, the base of its transactional ids; empty for the host name. Two instances of one service must not share it."`
}

// Lake says where the Parquet files are.
type Lake struct {
	URL         string `yaml:"url" value:"file://data/lake" help:"Root of the lake: s3://bucket, s3://bucket/prefix, file:///folder or file://relative/folder."`
	S3Endpoint  string `yaml:"s3_endpoint" value:"" help:"URL of an S3 server other than AWS."`
	S3Region    string `yaml:"s3_region" value:"" help:"Region of the bucket; empty for the AWS environment's, or us-east-1 with an endpoint."`
	S3PathStyle bool   `yaml:"s3_path_style" value:"false" help:"Address the bucket in the path, as most servers other than AWS want."`
	Create      bool   `yaml:"create" value:"false" help:"Create the bucket or folder if it is missing."`
	Partitions  int    `yaml:"partitions" value:"4" min:"1" max:"999" help:"Partitions of the topics and of the lake. Fixed when the lake is made."`
	Compression string `yaml:"compression" value:"snappy" oneof:"snappy,zstd" help:"Compression of Parquet pages: zstd is about a third smaller and costs more time."`
}

// Catalogue holds the known categories and regions.
type Catalogue struct {
	Categories []string `yaml:"categories" value:"Electronics,Fashion,Home & Garden,Sports,Books,Toys,Beauty,Grocery" help:"Product categories. A value that differs in case or white space only is written like this, an unknown one is kept."`
	Regions    []string `yaml:"regions" value:"North America,Europe,Asia Pacific,Latin America,Middle East" help:"Sales regions, treated like the categories."`
}

// Schema holds the columns that are added to those of the contract.
type Schema struct {
	Columns []string `yaml:"columns" value:"" help:"Columns in the order in which they were added: coupon_code:string, channel:symbol (a string of few values), gift_wraps:int=0, tax:decimal=0.00. Numbers have the value that an event without the field has."`
}

// HTTP says where a service answers.
type HTTP struct {
	Addr string `yaml:"addr" value:":8080" help:"Address to listen on, host:port; port 0 picks a free one, empty means no server."`
}

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level" value:"info" oneof:"debug,info,warn,error" help:"Least level that is logged."`
	Format string `yaml:"format" value:"json" oneof:"json,console" help:"Form of a line: json for machines, console for people."`
}

// Producer describes the load that the producer makes.
type Producer struct {
	Rate     int           `yaml:"rate" value:"1000" min:"0" max:"10000000" help:"Events per second, those of customers included; 0 for as fast as possible."`
	Duration time.Duration `yaml:"duration" value:"0s" min:"0s" help:"Time after which to stop; 0s for never."`
	Events   int64         `yaml:"events" value:"0" min:"0" help:"Number of sales events after which to stop; 0 for no limit."`
	Seed     int64         `yaml:"seed" value:"1" min:"0" help:"Seed of the generator; the same seed gives the same events."`
	Inputs   []string      `yaml:"inputs" value:"" help:"CSV or NDJSON files of sales events to replay instead of generating."`
}

// Bronze bounds the files of bronze-writer.
type Bronze struct {
	MaxRows       int           `yaml:"max_rows" value:"131072" min:"1" max:"16777216" help:"Rows after which a file is closed."`
	MaxAge        time.Duration `yaml:"max_age" value:"5s" min:"10ms" max:"1h" help:"Most time that an event waits for its file to be closed. Files are closed at multiples of this on the clock, in all partitions together."`
	MaxEventBytes int           `yaml:"max_event_bytes" value:"1MiB" unit:"bytes" min:"1KiB" max:"1MiB" help:"Size above which an event is rejected as too_large."`
	QueueBytes    int           `yaml:"queue_bytes" value:"32MiB" unit:"bytes" min:"1MiB" max:"2GiB" help:"Bound of what is fetched and not yet handled, for the whole instance."`
	Heartbeat     time.Duration `yaml:"heartbeat" value:"10s" min:"0s" max:"1h" help:"Pause between two heartbeats: records that bronze-writer sends itself through all services, to prove that the path works when there are no events. 0s for none."`
}

// Silver bounds the commits of silver-etl.
type Silver struct {
	MaxRows      int           `yaml:"max_rows" value:"1000000" min:"1" max:"100000000" help:"Rows after which a partition is committed; bounds the memory."`
	MaxAge       time.Duration `yaml:"max_age" value:"2s" min:"10ms" max:"1h" help:"Age of its oldest input at which a partition is committed."`
	Grace        time.Duration `yaml:"grace" value:"10m" min:"0s" max:"7d" help:"Time after which a replaced file is deleted. Readers of an older manifest have that long to finish."`
	TargetBytes  int           `yaml:"target_bytes" value:"128MiB" unit:"bytes" min:"1MiB" max:"1GiB" help:"Size from which a file is not merged with others. A slice settles at no more than 8 files that are smaller."`
	DedupHorizon time.Duration `yaml:"dedup_horizon" value:"90d" min:"0s" max:"36500d" help:"Days of orders, counted back from the newest, that are compared without a look at their files, as far as index_bytes allows. The result does not depend on it."`
	IndexBytes   int           `yaml:"index_bytes" value:"256MiB" unit:"bytes" min:"1MiB" max:"64GiB" help:"Bound of the memory in which a partition knows its orders: 67 bytes for one within the horizon, 12 for an older one. A commit takes more while it runs, 67 bytes for each of its rows. Versions of customers have a bound of their own, of the same size."`
}

// Gold bounds the commits and the memory of gold-aggregator.
type Gold struct {
	MaxAge           time.Duration `yaml:"max_age" value:"2s" min:"10ms" max:"1h" help:"Age of its oldest change at which a day is aggregated again."`
	Linger           time.Duration `yaml:"linger" value:"1s" min:"0s" max:"1h" help:"The same when no more changes are there to be read: those of other partitions mostly come about then, and one new version of a day is made of all. When all partitions have changed a day, it does not wait for that."`
	CorrectionsEvery time.Duration `yaml:"corrections_every" value:"15s" min:"0s" max:"30s" help:"Least time between two versions of days that ended over an hour ago in UTC. What comes late changes them all the time, and a version costs as much as one of today. The first correction after a while does not wait. A day waits for max_age longer at most."`
	CacheBytes       int           `yaml:"cache_bytes" value:"256MiB" unit:"bytes" min:"1MiB" max:"1024GiB" help:"Bound of the days' states that an instance keeps, about 56 bytes for each silver row. A day whose state is not kept is read whole when it changes."`
	Settle           time.Duration `yaml:"settle" value:"24h" min:"0s" max:"366d" help:"Time after the end of a day in UTC at which it counts as published. What a later version changes is kept in gold/restatements."`
}

// DQ says what dq-checker judges by, and what it keeps.
type DQ struct {
	Rules         string        `yaml:"rules" value:"" help:"File of the rules; empty for those compiled in, which are config/dq.yaml. silver-etl reads it too: it refuses rows by the rules of severity quarantine. Products that rules refer to are in warehouse.products."`
	Samples       int           `yaml:"samples" value:"10" min:"0" max:"1000" help:"Most rows that are kept of those that failed a rule, for each version of a slice."`
	ReadBytes     int           `yaml:"read_bytes" value:"64MiB" unit:"bytes" min:"1MiB" max:"64GiB" help:"Bound of the objects that are in memory at the same time; a greater one is read alone. A row group takes about three times its size while it is decoded."`
	CacheBytes    int           `yaml:"cache_bytes" value:"128MiB" unit:"bytes" min:"1MiB" max:"64GiB" help:"Bound of what is kept of files that have been read, so that a new version of a slice costs what is new of it: about 8 bytes for each order, and 8 for each whose customer, or product, is unknown. Customers and products that are known take 8 bytes each beside it."`
	CustomTimeout time.Duration `yaml:"custom_timeout" value:"30s" min:"1s" max:"10m" help:"Time that the statement of a custom rule may take for a slice."`
	CustomMemory  int           `yaml:"custom_memory" value:"128MiB" unit:"bytes" min:"64MiB" max:"64GiB" help:"Memory that it may take; one runs at a time. What does not fit goes to the temporary folder."`
	MaxAge        time.Duration `yaml:"max_age" value:"2s" min:"10ms" max:"1h" help:"Age of its oldest change at which a slice is judged."`
}

// Warehouse says what is loaded and where to.
type Warehouse struct {
	DSN          string        `yaml:"dsn" value:"postgres://sales@localhost:5432/sales?sslmode=disable" help:"Database: redshift://user@host:5439/db, postgres://user@host:5432/db or duckdb:FILE; without the password. Connections are TLS with the host's certificate, unless ?sslmode= says otherwise."`
	PasswordFile string        `yaml:"password_file" value:"" help:"File that holds the password, such as a mounted secret."`
	Password     Secret        `yaml:"-" secret:"password" kong:"-" file:"PasswordFile" help:"Password of the database user."`
	IAMRole      string        `yaml:"iam_role" value:"default" help:"Role with which Redshift reads the lake's files: its ARN, several with commas that are assumed one after the other, or default. The lake must be in S3, in the warehouse's region."`
	LoadEvery    time.Duration `yaml:"load_every" value:"1s" min:"100ms" max:"24h" help:"Loads begin at multiples of this on the clock, in all partitions together. After one, the warehouse rests for as long as it took, at most this. Each wake-up of Redshift Serverless bills a minute: 15m there, unless it never sleeps anyway."`
	Products     string        `yaml:"products" value:"" help:"Path of products.csv (product_id, name, category, list_price); empty for none."`
}
