package real

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sys/unix"
)

const (
	versitygwVersion = "v1.8.0"
	versitygwPackage = "github.com/versity/versitygw/cmd/versitygw@" + versitygwVersion
	s3Region         = "us-east-1"
)

// ObjectStore is an S3 server over a directory, with one empty bucket.
type ObjectStore struct {
	server

	Endpoint string // http://host:port
	Region   string
	Key      string
	Secret   string
	Bucket   string
	Root     string // the directory that holds the bucket's directory
}

// S3 starts an object store that lives as long as the test.
func S3(t testing.TB) *ObjectStore {
	t.Helper()
	o, err := StartS3(context.Background())
	Require(t, err)
	o.closeWith(t)
	return o
}

// StartS3 starts an object store and makes its bucket; Close ends it.
func StartS3(ctx context.Context) (*ObjectStore, error) {
	binary, err := versitygw(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := serverDir("s3")
	if err != nil {
		return nil, err
	}
	root := filepath.Join(dir, "data")
	if err := keepsAttributes(root); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	o := &ObjectStore{
		Endpoint: "http://" + address(port), Region: s3Region,
		Key: "saleslake", Secret: "saleslake-secret", Bucket: "sales-lake", Root: root,
	}
	o.server = server{
		dir: dir, startTime: 30 * time.Second, stopTime: 15 * time.Second, serves: o.serves,
		Process: NewProcess(Program{
			Name: "versitygw", Dir: dir, Log: filepath.Join(dir, "versitygw.log"),
			Argv: []string{binary, "--port", address(port), "--region", s3Region, "--health", "/health",
				"--keep-alive", "--quiet", "posix", root},
			Env: []string{"ROOT_ACCESS_KEY=" + o.Key, "ROOT_SECRET_KEY=" + o.Secret},
		}),
	}
	if err := o.Start(ctx); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	if _, err := o.Client().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &o.Bucket}); err != nil {
		return nil, errors.Join(fmt.Errorf("create bucket %s: %w", o.Bucket, err), o.Close())
	}
	return o, nil
}

// Client is a plain S3 client for looking at the bucket.
func (o *ObjectStore) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(o.Endpoint), Region: o.Region, UsePathStyle: true,
		Credentials:                credentials.NewStaticCredentialsProvider(o.Key, o.Secret, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
}

func (o *ObjectStore) serves(ctx context.Context) error { return AnswersOK(ctx, o.Endpoint+"/health") }

// versitygw returns the path of the S3 server, built with this machine's Go.
func versitygw(ctx context.Context) (string, error) {
	dir, err := cached("versitygw-"+versitygwVersion, func(dir string) error {
		goTool, err := program("go", "install Go")
		if err != nil {
			return err
		}
		env := []string{"GOBIN=" + dir, "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0"}
		if err := runTool(ctx, dir, env, goTool, "install", versitygwPackage); err != nil {
			return fmt.Errorf("%w: %w", ErrMissing, err)
		}
		return nil
	})
	return filepath.Join(dir, "versitygw"), err
}

// keepsAttributes checks that dir's file system has extended attributes, in
// which versitygw keeps what S3 knows of an object besides its bytes.
func keepsAttributes(dir string) error {
	if err := unix.Setxattr(dir, "user.saleslake", []byte("1"), 0); err != nil {
		return fmt.Errorf("set an extended attribute under %s (point TMPDIR to another file system): %w", os.TempDir(), err)
	}
	return unix.Removexattr(dir, "user.saleslake")
}
