package stream

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// upkeep is what goes on beside a client while it lives: its log lines are passed on, and its token is renewed. The
// client asks for a new token by an event, but only a caller that polls hears it, and an administrative client's
// never; a clock of its own keeps each kind of client logged in, however idle it is.
type upkeep struct {
	log      *zap.Logger
	token    func(context.Context) (Token, error) // nil when the client logs in without
	lines    chan kafka.LogEvent
	reading  sync.WaitGroup
	renewing sync.WaitGroup
	life     context.Context // of the renewals
	stop     context.CancelFunc
	refused  func() // hears that the cluster does not let the client in; may be nil
	trouble  atomic.Pointer[trouble]
}

// trouble is why the client has no connection, or had none.
type trouble struct {
	error
	refusal bool // connecting again will not help
}

// upkeep prepares the client's configuration; it must end, whether the client could be made or not.
func (c Config) upkeep(m *kafka.ConfigMap) *upkeep {
	u := &upkeep{log: c.log(), token: c.Token, lines: make(chan kafka.LogEvent, 16)}
	u.life, u.stop = context.WithCancel(context.Background())
	(*m)["go.logs.channel.enable"] = true
	(*m)["go.logs.channel"] = u.lines
	u.reading.Go(func() {
		for e := range u.lines {
			u.line(e)
		}
	})
	return u
}

// authenticate keeps the client in tokens, if it needs any.
func (u *upkeep) authenticate(client kafka.Handle) {
	if u.token != nil {
		u.renewing.Go(func() { u.renew(client) })
	}
}

// end closes the client, which must get no token any more and may still log.
func (u *upkeep) end(closeClient func()) {
	u.stop()
	u.renewing.Wait()
	if closeClient != nil {
		closeClient()
	}
	close(u.lines)
	u.reading.Wait()
}

// renew gives the client a token, and the next when three quarters of its life are over. While none can be had the
// client holds on to the one before, and tells by itself when the cluster does not take it any more.
func (u *upkeep) renew(client kafka.Handle) {
	pause := pauses(time.Second, 30*time.Second)
	for u.life.Err() == nil {
		wait := pause.NextBackOff()
		token, err := u.token(u.life)
		if err == nil {
			err = client.SetOAuthBearerToken(kafka.OAuthBearerToken{TokenValue: token.Value, Expiration: token.Expires})
		}
		if err == nil {
			pause.Reset()
			wait = max(time.Until(token.Expires)*3/4, time.Second)
		} else if u.life.Err() == nil {
			u.meet(trouble{fmt.Errorf("get a token to log in with: %w", err), true})
			if u.refused == nil {
				u.log.Warn("no new token to log in with; trying again", zap.Duration("in", wait), zap.Error(err))
			}
		}
		select {
		case <-time.After(wait):
		case <-u.life.Done():
		}
	}
}

// line passes on what the client logs.
func (u *upkeep) line(e kafka.LogEvent) {
	const syslogError, lostConnection = 3, "FAIL"
	write := u.log.Debug
	if e.Tag == lostConnection { // the consumer says once that the cluster is away
		u.meet(readTrouble(e.Message))
	} else if e.Level <= syslogError {
		write = u.log.Warn
	}
	write("kafka client", zap.String("client", e.Name), zap.String("about", e.Tag), zap.String("line", e.Message))
}

func (u *upkeep) meet(t trouble) {
	u.trouble.Store(&t)
	if t.refusal && u.refused != nil {
		u.refused()
	}
}

// explain adds what is known of the connection to the error of a request, which mostly says that it timed out.
func (u *upkeep) explain(err error) error {
	t := u.trouble.Load()
	switch {
	case err == nil || t == nil:
		return err
	case t.refusal:
		return t.error
	default:
		return fmt.Errorf("%w (%w)", err, t.error)
	}
}

// A line of a lost connection is "[thrd:BROKER]: BROKER: REASON (after 7ms in state CONNECT, 3 identical error(s)
// suppressed)"; only the reason is the same each time.
var (
	beforeReason = regexp.MustCompile(`^\[thrd:[^\]]*\]: \S+: `)
	afterReason  = regexp.MustCompile(` \(after \d+ms in state .*\)$`)
)

func readTrouble(line string) trouble {
	reason := afterReason.ReplaceAllString(beforeReason.ReplaceAllString(line, ""), "")
	refusal := false
	for _, words := range []string{"SASL authentication error", "mechanism handshake failed: Broker: ", "certificate verify failed"} {
		refusal = refusal || strings.Contains(reason, words)
	}
	return trouble{errors.New(reason), refusal}
}
