package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
)

// The exit codes of every program.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Main runs the command that the command line names, and ends the process. cli is a
// pointer to a kong struct.
func Main(name, description string, cli any, options ...Option) {
	p := Program{
		Name: name, Description: description, CLI: cli,
		Args: os.Args[1:], Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr,
	}
	for _, option := range options {
		option(&p)
	}
	ctx, stop := signalled(context.Background(), p.Stderr)
	code := p.Run(ctx)
	stop()
	os.Exit(code)
}

// Option changes the program that Main runs.
type Option func(*Program)

// NoServer makes the run command a job, too: without a server, whatever http.addr says.
func NoServer() Option { return func(p *Program) { p.NoServer = true } }

// Program is a program before it runs. Tests fill it in and call Run; a real process
// goes through [Main].
type Program struct {
	Name        string
	Description string
	CLI         any // pointer to the kong struct with the commands
	Args        []string
	Environ     []string
	Stdout      io.Writer
	Stderr      io.Writer
	NoServer    bool
	// Started, if set, is called when the server listens, before the command runs.
	Started func(*Daemon)
}

// common are the flags that every command of every service has.
type common struct {
	Config string      `placeholder:"config/pipeline.yaml" help:"YAML file with the settings. Also SALES_CONFIG."`
	HTTP   config.HTTP `embed:"" prefix:"http-"`
	Log    config.Log  `embed:"" prefix:"log-"`
}

// exited unwinds kong where it wants to end the process, as --help does.
type exited int

// Run parses, runs the command and answers the exit code. When ctx ends, the command
// drains.
func (p Program) Run(ctx context.Context) (code int) {
	defer func() {
		if r := recover(); r != nil {
			asked, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(asked)
		}
	}()
	command, settings, err := p.parse()
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name, err)
		return exitUsage
	}
	d, err := newDaemon(p.Name, settings, p.Stderr)
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name, err)
		return exitError
	}
	return p.execute(ctx, d, command)
}

// parse reads the command line and the other settings. Its error tells of all faults,
// those of the command line included.
func (p Program) parse() (*kong.Context, config.Pipeline, error) {
	var shared common
	flags := config.NewFlags(p.CLI, &shared)
	parser, err := kong.New(p.CLI, kong.Name(p.Name), kong.Description(p.Description),
		kong.Embed(&shared), kong.PostBuild(flags.Bind), kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(code int) { panic(exited(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		panic(fmt.Sprintf("command line of %s: %v", p.Name, err))
	}
	command, usage := parser.Parse(p.Args)
	if usage != nil {
		usage = fmt.Errorf("%w (see %s --help)", usage, p.Name)
	}
	if shared.Config == "" {
		shared.Config = lookup(p.Environ, config.EnvFile)
	}
	settings, err := config.Load(config.Sources{File: shared.Config, Environ: p.Environ, Flags: flags.Given()})
	if err := errors.Join(usage, err); err != nil {
		return nil, settings, err
	}
	flags.Fill(settings)
	return command, settings, nil
}

// execute runs the command with its server, and turns its outcome into the exit code.
func (p Program) execute(ctx context.Context, d *Daemon, command *kong.Context) int {
	defer func() { _ = d.Log.Sync() }() // the log is a stream: there is nothing to do if it cannot be flushed
	service := command.Selected() != nil && command.Selected().Name == "run" && !p.NoServer
	if service && d.Settings.HTTP.Addr != "" {
		if err := d.serve(d.Settings.HTTP.Addr); err != nil {
			d.Log.Error("cannot serve http", zap.Error(err))
			return exitError
		}
		defer d.server.close()
	}
	if p.Started != nil {
		p.Started(d)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return exitCode(ctx, d, service, command.Run(d))
}

// exitCode judges the command's error. A service that was told to stop may answer the
// context's own error; a job that did was cut short.
func exitCode(ctx context.Context, d *Daemon, service bool, err error) int {
	var usage UsageError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil && errors.Is(err, context.Canceled) && service:
		return exitOK
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		d.Log.Warn("cut short", zap.Error(err))
		return exitInterrupted
	case errors.As(err, &usage):
		d.Log.Error("wrong usage", zap.Error(err))
		return exitUsage
	default:
		d.Log.Error("stopped by an error", zap.Error(err))
		return exitError
	}
}

// UsageError makes the exit code 2: the command was asked for something that it cannot
// do, and asking again will not help.
type UsageError struct{ Err error }

// Error answers the text of the error inside.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap answers the error inside.
func (e UsageError) Unwrap() error { return e.Err }
