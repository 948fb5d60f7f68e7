package msk_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/msk"
)

// clearAWS makes the AWS environment of the test empty.
func clearAWS(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// A task of ECS or a pod of EKS gets its role's credentials from an endpoint; the token does not outlive them.
func TestTokenOfARole(t *testing.T) {
	clearAWS(t)
	asked := 0
	expires := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Second)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		fmt.Fprintf(w, `{"AccessKeyId":"AKIDROLE","SecretAccessKey":"secret","Token":"session","Expiration":%q}`, expires.Format(time.RFC3339))
	}))
	defer endpoint.Close()
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.URL)
	t.Setenv("AWS_REGION", "eu-central-1")

	s := msk.NewSigner()
	for range 3 {
		token, err := s.Token(t.Context())
		require.NoError(t, err)
		require.False(t, token.Expires.After(expires), "%v", token.Expires)
		text, err := base64.RawURLEncoding.DecodeString(token.Value)
		require.NoError(t, err)
		signed, err := url.Parse(string(text))
		require.NoError(t, err)
		require.Equal(t, "kafka.eu-central-1.amazonaws.com", signed.Host)
		require.Equal(t, "kafka-cluster:Connect", signed.Query().Get("Action"))
		require.Contains(t, signed.Query().Get("X-Amz-Credential"), "AKIDROLE/")
		require.Equal(t, "session", signed.Query().Get("X-Amz-Security-Token"))
	}
	require.Equal(t, 1, asked, "the credentials are kept while they are good")
}

func TestTokenLastsAQuarterOfAnHour(t *testing.T) {
	clearAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDKEY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "eu-central-1")
	token, err := msk.NewSigner().Token(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(15*time.Minute), token.Expires, 5*time.Second)
}

func TestTokenSaysWhatIsMissing(t *testing.T) {
	clearAWS(t)
	_, err := msk.NewSigner().Token(t.Context())
	require.ErrorContains(t, err, "set AWS_REGION")
	t.Setenv("AWS_REGION", "eu-central-1")
	_, err = msk.NewSigner().Token(t.Context())
	require.ErrorContains(t, err, "get the credentials of the AWS environment or role")
}
