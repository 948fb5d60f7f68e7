package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// s3Store is a bucket of an S3 server, or what lies under a prefix of it.
type s3Store struct {
	client *s3.Client
	bucket string
	prefix string // empty, or ends in a slash
}

func openS3(ctx context.Context, location string, o Options) (*s3Store, error) {
	bucket, prefix, _ := strings.Cut(location, "/")
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the AWS settings of the environment: %w", err)
	}
	client := s3.NewFromConfig(loaded, func(s *s3.Options) {
		s.Retryer = aws.NopRetryer{} // Bucket tries again itself, and must know that it did
		s.UsePathStyle = o.PathStyle
		if o.Region != "" {
			s.Region = o.Region
		}
		if o.Endpoint != "" {
			s.BaseEndpoint = &o.Endpoint
			s.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			s.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
			if s.Region == "" {
				s.Region = "us-east-1"
			}
		}
	})
	store := &s3Store{client, bucket, prefix}
	if o.Create {
		err = store.create(ctx, client.Options().Region)
	}
	return store, err
}

// create makes the bucket, unless it is there.
func (s *s3Store) create(ctx context.Context, region string) error {
	input := &s3.CreateBucketInput{Bucket: &s.bucket}
	if region != "us-east-1" { // the one region that must not be named
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	_, err := s.client.CreateBucket(ctx, input)
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "BucketAlreadyOwnedByYou" || api.ErrorCode() == "BucketAlreadyExists") {
		return nil // if it is someone else's, the probe tells
	}
	if err != nil {
		return fmt.Errorf("create the bucket: %w", err)
	}
	return nil
}

func (s *s3Store) name(key string) *string { return aws.String(s.prefix + key) }

func (s *s3Store) put(ctx context.Context, key string, body []byte, onlyNew bool) error {
	input := &s3.PutObjectInput{Bucket: &s.bucket, Key: s.name(key), Body: bytes.NewReader(body)}
	if onlyNew {
		input.IfNoneMatch = aws.String("*")
	}
	_, err := s.client.PutObject(ctx, input)
	return fromS3(err)
}

func (s *s3Store) get(ctx context.Context, key string) ([]byte, error) {
	output, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err != nil {
		return nil, fromS3(err)
	}
	body := make([]byte, aws.ToInt64(output.ContentLength))
	_, err = io.ReadFull(output.Body, body)
	return body, errors.Join(shortBody(err), output.Body.Close())
}

// shortBody makes a body that ended early an error that is tried again.
func shortBody(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *s3Store) exists(ctx context.Context, key string) (bool, error) {
	_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err = fromS3(err); errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (s *s3Store) delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err = fromS3(err); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

func (s *s3Store) list(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		input := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.name(prefix)}
		if after != "" {
			input.StartAfter = s.name(after)
		}
		pages := s3.NewListObjectsV2Paginator(s.client, input)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Object{}, fromS3(err))
				return
			}
			for _, o := range page.Contents {
				key := strings.TrimPrefix(aws.ToString(o.Key), s.prefix)
				if !yield(Object{key, aws.ToInt64(o.Size), aws.ToTime(o.LastModified)}, nil) {
					return
				}
			}
		}
	}
}

func (s *s3Store) url(key string) string      { return "s3://" + s.bucket + "/" + s.prefix + key }
func (s *s3Store) path(string) (string, bool) { return "", false }

// s3Object is an object that is being read.
type s3Object struct {
	store  *s3Store
	ctx    context.Context
	key    string
	etag   *string
	length int64
}

func (s *s3Store) open(ctx context.Context, key string) (source, error) {
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err != nil {
		return nil, fromS3(err)
	}
	return &s3Object{s, ctx, key, head.ETag, aws.ToInt64(head.ContentLength)}, nil
}

func (o *s3Object) size() int64  { return o.length }
func (o *s3Object) Close() error { return nil }

// ReadAt asks for one range, of the very object that was opened.
func (o *s3Object) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, fmt.Errorf("read at %d: the offset is negative", offset)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if offset >= o.length {
		return 0, io.EOF
	}
	end := min(offset+int64(len(p)), o.length)
	output, err := o.store.client.GetObject(o.ctx, &s3.GetObjectInput{
		Bucket: &o.store.bucket, Key: o.store.name(o.key), IfMatch: o.etag,
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", offset, end-1)),
	})
	if err = fromS3(err); err != nil {
		if errors.Is(err, ErrExists) { // the failed precondition is If-Match here
			err = ErrChanged
		}
		return 0, err
	}
	n, err := io.ReadFull(output.Body, p[:end-offset])
	if err = errors.Join(shortBody(err), output.Body.Close()); err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}
