// Judges results with Debian's gojsonschema: SCHEMA VALID... -- INVALID..., as judge.mjs.
package main

import (
	"fmt"
	"os"

	"github.com/xeipuuv/gojsonschema"
)

func main() {
	schema, err := gojsonschema.NewSchema(gojsonschema.NewReferenceLoader("file://" + os.Args[1]))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	valid := true
	for _, path := range os.Args[2:] {
		if path == "--" {
			valid = false
			continue
		}
		result, err := schema.Validate(gojsonschema.NewReferenceLoader("file://" + path))
		if err != nil {
			fmt.Println(err)
		} else if result.Valid() != valid {
			fmt.Printf("%s: %v\n", path, result.Errors())
		}
	}
	fmt.Printf("%d documents\n", len(os.Args)-3)
}
