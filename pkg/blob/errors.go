package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

var (
	// ErrNotFound says that the key has no object.
	ErrNotFound = errors.New("no such object")
	// ErrExists says that the key of a PutNew has an object already. Look at it before
	// deciding whose it is.
	ErrExists = errors.New("object exists")
	// ErrChanged says that an object was replaced while it was being read.
	ErrChanged = errors.New("object was replaced while being read")
)

// Retryable tells whether the same call may succeed later.
func Retryable(err error) bool {
	var status *awshttp.ResponseError
	var network net.Error
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrExists), errors.Is(err, ErrChanged):
		return false
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &status):
		return retryableStatus(status)
	case errors.As(err, &path), errors.As(err, &link): // whose cause is a net.Error, whatever it is
		return retryableFile(err)
	case errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return true
	default:
		return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
	}
}

// retryableFile tells whether the file system was short of something that may be there
// again.
func retryableFile(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && (errno.Temporary() || errno == syscall.ENOSPC || errno == syscall.EDQUOT)
}

func retryableStatus(err *awshttp.ResponseError) bool {
	switch code := err.HTTPStatusCode(); {
	case code == http.StatusConflict:
		return conflict(err)
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return true
	case code >= http.StatusInternalServerError && code != http.StatusNotImplemented:
		return true
	default:
		return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
	}
}

// conflict tells whether another write of the key is under way, whose outcome is not known
// yet. Other errors of status 409 are for good.
func conflict(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && (api.ErrorCode() == "ConditionalRequestConflict" || api.ErrorCode() == "OperationAborted")
}

// fromS3 names the outcomes that callers tell apart.
func fromS3(err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NotFound":
			return ErrNotFound
		case "PreconditionFailed":
			return ErrExists
		}
	}
	return err
}
