package real

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// SecureKafka starts a broker that has a second listener, Secure, for clients that log in over TLS: by
// SCRAM-SHA-512 as a user that AddUser made, or by OAUTHBEARER with a token of BearerToken. They may
// do what Allow has allowed. Bootstrap stays open, to everything.
func SecureKafka(t testing.TB) *Broker {
	t.Helper()
	port, err := freePort()
	Require(t, err)
	b, err := (&Broker{Secure: address(port)}).launch(context.Background())
	Require(t, err)
	b.closeWith(t)
	return b
}

// secureSettings makes the broker's certificate. Tokens are not signed, and a connection is closed when the one that
// it was opened with is over, unless the client has logged in again.
func (b *Broker) secureSettings(dir string) (string, error) {
	a, err := newAuthority(dir)
	if err != nil {
		return "", fmt.Errorf("make an authority: %w", err)
	}
	cert, key, err := a.issue()
	if err != nil {
		return "", fmt.Errorf("make the broker's certificate: %w", err)
	}
	b.CAFile = a.file
	store := filepath.Join(dir, "keystore.pem")
	return fmt.Sprintf(kafkaSecureSettings, store), os.WriteFile(store, append(key, cert...), 0o600)
}

const kafkaSecureSettings = `ssl.keystore.type=PEM
ssl.keystore.location=%s
sasl.enabled.mechanisms=SCRAM-SHA-512,OAUTHBEARER
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
listener.name.sasl_ssl.oauthbearer.connections.max.reauth.ms=60000
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
`

// AddUser lets a user log in by SCRAM, from now on with this password.
func (b *Broker) AddUser(ctx context.Context, name, password string) error {
	return b.administer(func(admin *kafka.AdminClient) error {
		upsertions := []kafka.UserScramCredentialUpsertion{{
			User: name, Password: []byte(password),
			ScramCredentialInfo: kafka.ScramCredentialInfo{Mechanism: kafka.ScramMechanismSHA512, Iterations: 4096},
		}}
		result, err := admin.AlterUserScramCredentials(ctx, upsertions, nil)
		if err == nil && result.Errors[name].Code() != kafka.ErrNoError {
			err = result.Errors[name]
		}
		return err
	})
}

// Allow adds rules to those of what users may do.
func (b *Broker) Allow(ctx context.Context, rules ...kafka.ACLBinding) error {
	return b.administer(func(admin *kafka.AdminClient) error {
		results, err := admin.CreateACLs(ctx, rules)
		for _, r := range results {
			if r.Error.Code() != kafka.ErrNoError {
				err = errors.Join(err, r.Error)
			}
		}
		return err
	})
}

func (b *Broker) administer(f func(*kafka.AdminClient) error) error {
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": b.Bootstrap})
	if err != nil {
		return err
	}
	defer admin.Close()
	return f(admin)
}

// BearerToken is an unsigned token (RFC 7515, alg none) by which the broker knows the user until it expires.
func BearerToken(user string, expires time.Time) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%.3f}`, user, time.Now().Unix()-1, float64(expires.UnixMilli())/1000)
	return header + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
}
