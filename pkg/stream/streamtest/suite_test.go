package streamtest

import (
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func TestSuite(t *testing.T) { RunSuite(t, Cluster(t), SessionTimeout(time.Second)) }
