// Command grafana writes the dashboards that Grafana is provisioned with, one JSON file each, into
// the folder dashboards beside it. They are declared in Go, by the types that Grafana publishes of
// its schema, so that one look, one way to draw a thing and one way to link holds for all of them:
//
//	go run ./deploy/grafana     or: make dashboards
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	if err := write("deploy/grafana/dashboards"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// dashboards are all there are, by the name of their file, which is their uid, too.
func dashboards() map[string]*board {
	return map[string]*board{
		"pipeline": pipeline(), "quality": quality(), "kafka": kafka(), "services": services(), "business": business(),
	}
}

// render gives the JSON of a dashboard.
func render(uid string, b *board) ([]byte, error) {
	built, err := b.Uid(uid).Build()
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", uid, err)
	}
	number(built.Panels)
	text, err := json.MarshalIndent(built, "", "  ")
	return append(text, '\n'), err
}

// number gives panels the ids that Grafana would, and links to a panel need.
func number(panels []dashboard.PanelOrRowPanel) {
	for i := range panels {
		id := uint32(i + 1)
		if p := panels[i].Panel; p != nil {
			p.Id = &id
		} else {
			panels[i].RowPanel.Id = id
		}
	}
}

func write(dir string) error {
	for uid, b := range dashboards() {
		text, err := render(uid, b)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, uid+".json"), text, 0o644); err != nil {
			return fmt.Errorf("write dashboard (run this at the root of the repository): %w", err)
		}
	}
	return nil
}
