// Package msk makes the tokens by which Amazon MSK knows a client's IAM role.
package msk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/saleslake/saleslake/pkg/stream"
)

// Signer signs tokens with the credentials of the AWS environment or role, for its region. It is safe for concurrent
// use; all clients should share one, as it keeps the credentials until they expire.
type Signer struct {
	load func() (aws.Config, error)
}

// NewSigner asks for nothing yet.
func NewSigner() *Signer {
	return &Signer{load: sync.OnceValues(func() (aws.Config, error) { return config.LoadDefaultConfig(context.Background()) })}
}

// Token answers a new token, which is good for 15 minutes, or until the credentials expire.
func (s *Signer) Token(ctx context.Context) (stream.Token, error) {
	c, err := s.load()
	if err != nil {
		return stream.Token{}, fmt.Errorf("read the AWS settings of the environment: %w", err)
	}
	if c.Region == "" {
		return stream.Token{}, errors.New("the AWS environment names no region: set AWS_REGION to that of the cluster")
	}
	creds, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return stream.Token{}, fmt.Errorf("get the credentials of the AWS environment or role: %w", err)
	}
	value, ms, err := signer.GenerateAuthTokenFromCredentialsProvider(ctx, c.Region, credentials.StaticCredentialsProvider{Value: creds})
	expires := time.UnixMilli(ms)
	if creds.CanExpire && creds.Expires.Before(expires) {
		expires = creds.Expires
	}
	return stream.Token{Value: value, Expires: expires}, err
}
