package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// cure is what helps against an error of a transactional call.
type cure int

const (
	callAgain  cure = iota // the same call, after a pause
	startAgain             // abort, throw the session away, start at the committed offsets
	restart                // only a new process (or a person) helps
)

// cureOf follows the flags that the client sets; an error without a flag is not understood, so it is not survived.
func cureOf(err error) cure {
	var e kafka.Error
	switch {
	case errors.Is(err, ErrRetry):
		return startAgain
	case !errors.As(err, &e), e.IsFatal(), hopeless(e.Code()):
		return restart
	case e.IsRetriable():
		return callAgain
	case e.TxnRequiresAbort():
		return startAgain
	}
	return restart
}

// hopeless errors come back however often the same work is tried.
func hopeless(code kafka.ErrorCode) bool {
	switch code {
	case kafka.ErrMsgSizeTooLarge, kafka.ErrTopicAuthorizationFailed, kafka.ErrGroupAuthorizationFailed,
		kafka.ErrTransactionalIDAuthorizationFailed, kafka.ErrClusterAuthorizationFailed, kafka.ErrAuthentication,
		kafka.ErrUnknownTopic, kafka.ErrUnknownPartition:
		return true
	}
	return false
}

// ErrFenced says that another instance has taken over a transactional id or a group member.
var ErrFenced = errors.New("another instance has taken over")

// isFenced tells that the cause is an instance, member or generation that the cluster has replaced.
func isFenced(err error) bool {
	var e kafka.Error
	if errors.Is(err, ErrFenced) {
		return true
	}
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case kafka.ErrFenced, kafka.ErrProducerFenced, kafka.ErrInvalidProducerEpoch, kafka.ErrUnknownMemberID,
		kafka.ErrIllegalGeneration, kafka.ErrFencedInstanceID, kafka.ErrFencedMemberEpoch, kafka.ErrStaleMemberEpoch:
		return true
	}
	return false
}

func isCode(err error, code kafka.ErrorCode) bool {
	var e kafka.Error
	return errors.As(err, &e) && e.Code() == code
}

// transient tells that an administrative request may succeed when it is made again.
func transient(err error) bool {
	var e kafka.Error
	if !errors.As(err, &e) {
		return errors.Is(err, context.DeadlineExceeded)
	}
	switch e.Code() {
	case kafka.ErrTransport, kafka.ErrAllBrokersDown, kafka.ErrResolve, kafka.ErrTimedOut, kafka.ErrTimedOutQueue,
		kafka.ErrRequestTimedOut, kafka.ErrWaitCoord, kafka.ErrNotCoordinator, kafka.ErrCoordinatorNotAvailable,
		kafka.ErrCoordinatorLoadInProgress, kafka.ErrLeaderNotAvailable, kafka.ErrNotLeaderForPartition, kafka.ErrNotController,
		kafka.ErrUnstableOffsetCommit, kafka.ErrUnknownTopicOrPart: // the last: wait until it is made
		return true
	}
	return e.IsRetriable()
}

// retry calls f until it succeeds, its error is not one that again accepts, or ctx ends; then the last error is
// returned, with the end of ctx. notify, if any, hears of every failure that is tried again.
func retry(ctx context.Context, b *backoff.ExponentialBackOff, again func(error) bool, notify func(error), f func() error) error {
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = f()
		if last != nil && !again(last) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(b), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, _ time.Duration) {
		if notify != nil {
			notify(err)
		}
	}))
	if err != nil && ctx.Err() != nil && last != nil {
		return fmt.Errorf("%w; last: %w", err, last)
	}
	return err
}

// pauses is a backoff from first to longest, randomized.
func pauses(first, longest time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = first, longest
	return b
}
