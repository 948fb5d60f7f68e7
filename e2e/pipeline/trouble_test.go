package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/producer/generate"
)

// steps of a commit, in their order: between upload and commit, and inside the
// open transaction.
var steps = []string{stream.StepUploaded, stream.StepBegun, stream.StepProduced, stream.StepOffsets, stream.StepCommitted}

// patience is how long a step may take on a machine that has much else to do.
const patience = 5 * time.Minute

// makeTrouble kills every service at every step of its commit, takes each server
// away for a while, then freezes two services until others have taken over, while events flow without end. The
// truth is what had arrived when the producer is killed at last.
func (s *stack) makeTrouble(tr *truth, seed int) {
	const endless, rate = 20_000_000, 1_500
	before := s.arrived(nil)
	producer := s.start("producer", "producer-1", producerEnv(seed, rate, endless)...)
	for _, service := range services {
		s.killAtEveryStep(service.name)
	}
	s.outage("the object store", s.store.Stop, s.store.Start)
	s.outage("the database", s.database.Stop, s.database.Start)
	s.outage("the broker", func() error { s.broker.Kill(); return nil }, s.broker.Start)
	s.freeze("bronze-writer")
	s.freeze("silver-etl")
	require.Positive(s.t, s.logged("bronze-writer", "adopted"), "no file was adopted: the kills between upload and commit missed")
	producer.Kill()
	arrived := s.arrived(before)
	s.t.Logf("%d events arrived during the trouble", arrived.sum())
	tr.sentUpTo(s.t, generate.Load(uint64(seed), endless), arrived)
}

// killAtEveryStep restarts the service so that it kills itself at the second
// commit, each time at another step, and at last so that it lives.
func (s *stack) killAtEveryStep(service string) {
	instance := service + "-0"
	s.processes[instance].Kill()
	for _, step := range steps {
		p := s.start(service, instance, "SALES_FAULT="+step+":2")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, err := p.Wait(ctx)
		cancel()
		if err != nil {
			s.fail(fmt.Sprintf("%s was to be killed at step %s of its second commit: %v", service, step, err))
		}
	}
	s.ready(s.start(service, instance))
	s.t.Logf("%s killed at %s", service, strings.Join(steps, ", "))
}

// outage takes a server away for a while and gives it back: the services must
// hold and go on, as they are, or come back as a supervisor would bring them.
func (s *stack) outage(name string, away func() error, back func(context.Context) error) {
	const length = 8 * time.Second
	require.NoError(s.t, away(), name)
	<-time.After(length)
	require.NoError(s.t, back(context.Background()), name)
	for _, service := range services {
		p := s.processes[service.name+"-0"]
		if !p.Running() {
			s.t.Logf("%s ended during the outage and is started again", p.instance)
			p = s.start(service.name, p.instance)
		}
		s.ready(p)
	}
	s.t.Logf("%s was away for %s", name, length)
}

// freeze stops an instance inside its open transaction (SIGSTOP) until its
// partitions are another's, lets it go on, and waits until its commit is
// refused.
func (s *stack) freeze(service string) {
	first, second := service+"-0", service+"-1"
	s.processes[first].Kill()
	zombie := s.start(service, first, "SALES_FAULT="+stream.StepProduced+":2:stop")
	s.until(patience, first+" is frozen", func() error { return stopped(zombie.Pid()) })
	successor := s.start(service, second)
	s.until(patience, second+" has taken over", func() error {
		if n := successor.metric("sales_stage_commits_total"); n < 2 {
			return fmt.Errorf("it has committed %v times", n)
		}
		return nil
	})
	require.NoError(s.t, syscall.Kill(zombie.Pid(), syscall.SIGCONT))
	s.until(patience, first+" is fenced", func() error {
		if zombie.Running() && zombie.metric("sales_stage_fenced_total") < 1 {
			return fmt.Errorf("no transaction of the zombie was refused")
		}
		return nil
	})
	if !zombie.Running() { // its producer was refused before its member was: only a new process helps
		require.Contains(s.t, s.log(first), "fenced")
		s.ready(s.start(service, first))
	}
	s.t.Logf("%s was frozen, its successor committed, its own commit was refused", first)
}

// stopped tells whether the process is in state T.
func stopped(pid int) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return err
	}
	if state := string(b[strings.LastIndexByte(string(b), ')')+2]); state != "T" {
		return fmt.Errorf("state is %s", state)
	}
	return nil
}

// logged counts the lines with a message in the logs of a service's instances.
func (s *stack) logged(service, message string) (n int) {
	logs, err := filepath.Glob(filepath.Join(s.dir, service+"-*.log"))
	require.NoError(s.t, err)
	for _, path := range logs {
		n += strings.Count(s.log(strings.TrimSuffix(filepath.Base(path), ".log")), `"msg":"`+message)
	}
	return n
}

// log gives all that an instance has logged.
func (s *stack) log(instance string) string {
	b, err := os.ReadFile(filepath.Join(s.dir, instance+".log"))
	require.NoError(s.t, err)
	return string(b)
}
