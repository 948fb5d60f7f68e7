package real

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Program says how to run a process: its arguments (the program first), what is
// added to this process's environment, its working directory and log file.
type Program struct {
	Name string
	Argv []string
	Env  []string
	Dir  string
	Log  string // a file; stdout and stderr are appended

	user     *syscall.Credential // nil: the user of this process
	quit     syscall.Signal      // what asks it to stop; 0 is SIGTERM
	quitCode int                 // the exit code of a clean stop
}

// Process is a program that is started, stopped and killed at will. Its methods
// may be called from several goroutines, Start only after Stop or Kill.
type Process struct {
	Program

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// NewProcess only describes the process; Start runs it.
func NewProcess(p Program) *Process { return &Process{Program: p} }

// Start runs the program in a process group of its own and returns at once.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return fmt.Errorf("start %s: it is running", p.Name)
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open log of %s: %w", p.Name, err)
	}
	cmd := exec.Command(p.Argv[0], p.Argv[1:]...)
	cmd.Dir, cmd.Env = p.Dir, append(os.Environ(), p.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: p.user}
	err = spawn(cmd)
	_ = log.Close()
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.cmd, p.done = cmd, make(chan struct{})
	go func(done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(p.done)
	return nil
}

// Stop asks the process to end and kills it if it has not within patience. It
// returns an error for a process that had to be killed or that ended with another
// exit code than a clean stop's; a process that is not running is no error.
func (p *Process) Stop(patience time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return nil
	}
	quit := p.quit
	if quit == 0 {
		quit = syscall.SIGTERM
	}
	_ = p.cmd.Process.Signal(quit)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.killGroup()
		return fmt.Errorf("stop %s: still running after %s, killed", p.Name, patience)
	}
	p.killGroup()
	if code := p.cmd.ProcessState.ExitCode(); code != p.quitCode {
		return fmt.Errorf("stop %s: exit code %d", p.Name, code)
	}
	return nil
}

// Kill ends the process and its children with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		p.killGroup()
	}
}

// Wait returns the exit code once the process has ended by itself (-1 when a
// signal ended it), or ctx's error.
func (p *Process) Wait(ctx context.Context) (int, error) {
	p.mu.Lock()
	cmd, done := p.cmd, p.done
	p.mu.Unlock()
	if cmd == nil {
		return 0, fmt.Errorf("wait for %s: never started", p.Name)
	}
	select {
	case <-done:
		return cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for %s: %w", p.Name, ctx.Err())
	}
}

// Running tells whether the process is alive.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running()
}

// Pid is the process id of the last start.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

func (p *Process) running() bool {
	if p.done == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// killGroup also ends children that outlived their parent.
func (p *Process) killGroup() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// Until retries check until it returns nil, the process ends or limit is over.
func (p *Process) Until(ctx context.Context, limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 20*time.Millisecond, 250*time.Millisecond
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		if !p.Running() {
			return struct{}{}, backoff.Permanent(errors.New("the process ended"))
		}
		return struct{}{}, check(ctx)
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(limit))
	if err != nil {
		return fmt.Errorf("wait for %s: %w\n--- end of %s\n%s", p.Name, err, filepath.Base(p.Log), logTail(p.Log))
	}
	return nil
}

// spawning hands commands to the thread that starts them all: the kernel sends a
// child its death signal when the thread that made it ends, so that thread must
// be one that the Go runtime never ends.
var spawning = sync.OnceValue(func() chan func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

func spawn(cmd *exec.Cmd) error {
	started := make(chan error)
	spawning() <- func() { started <- cmd.Start() }
	return <-started
}
