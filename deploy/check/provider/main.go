// Command provider stands in for terraform-provider-aws where the real one can't be had: it
// serves its schema, which PROVIDER_SCHEMA names (`terraform providers schema -json`), and
// nothing else. So Terraform validates resources, and runs tests with a mocked provider, as
// it would with the real one; what an argument's value may be is not looked at.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const name = "registry.terraform.io/hashicorp/aws"

func main() {
	s, err := read(os.Getenv("PROVIDER_SCHEMA"))
	if err == nil {
		err = tf5server.Serve(name, func() tfprotov5.ProviderServer { return provider{schema: s} })
	}
	if err != nil {
		log.Fatal(err)
	}
}

// provider has only what validate and mocks ask of one; another call panics.
type provider struct {
	tfprotov5.ProviderServer
	schema *tfprotov5.GetProviderSchemaResponse
}

func (p provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return p.schema, nil
}

func (p provider) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (p provider) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p provider) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

func (p provider) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (p provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

// The JSON of a schema, as far as it is used.
type (
	schema struct {
		Version int64 `json:"version"`
		Block   block `json:"block"`
	}
	block struct {
		Attributes map[string]attribute `json:"attributes"`
		Blocks     map[string]nested    `json:"block_types"`
	}
	attribute struct {
		Type      json.RawMessage `json:"type"`
		Required  bool            `json:"required"`
		Optional  bool            `json:"optional"`
		Computed  bool            `json:"computed"`
		Sensitive bool            `json:"sensitive"`
	}
	nested struct {
		Mode  string `json:"nesting_mode"`
		Block block  `json:"block"`
		Min   int64  `json:"min_items"`
		Max   int64  `json:"max_items"`
	}
)

func read(file string) (*tfprotov5.GetProviderSchemaResponse, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all struct {
		Schemas map[string]struct {
			Provider  schema            `json:"provider"`
			Resources map[string]schema `json:"resource_schemas"`
			Data      map[string]schema `json:"data_source_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	aws, ok := all.Schemas[name]
	if !ok {
		return nil, fmt.Errorf("%s has no schema of %s", file, name)
	}
	r := &tfprotov5.GetProviderSchemaResponse{Provider: aws.Provider.convert()}
	r.ResourceSchemas, r.DataSourceSchemas = convert(aws.Resources), convert(aws.Data)
	return r, nil
}

func convert(in map[string]schema) map[string]*tfprotov5.Schema {
	out := make(map[string]*tfprotov5.Schema, len(in))
	for name, s := range in {
		out[name] = s.convert()
	}
	return out
}

func (s schema) convert() *tfprotov5.Schema {
	return &tfprotov5.Schema{Version: s.Version, Block: s.Block.convert()}
}

var modes = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	"map":    tfprotov5.SchemaNestedBlockNestingModeMap,
	"group":  tfprotov5.SchemaNestedBlockNestingModeGroup,
}

func (b block) convert() *tfprotov5.SchemaBlock {
	out := &tfprotov5.SchemaBlock{}
	for name, a := range b.Attributes {
		t, err := tftypes.ParseJSONType(a.Type) //nolint:staticcheck // the only reader of the types in a schema's JSON
		if err != nil {
			log.Fatalf("attribute %s: %v", name, err)
		}
		out.Attributes = append(out.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: t, Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive,
		})
	}
	for name, n := range b.Blocks {
		out.BlockTypes = append(out.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Nesting: modes[n.Mode], Block: n.Block.convert(), MinItems: n.Min, MaxItems: n.Max,
		})
	}
	return out
}
